/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 9293 section 3.3.2, as far as segments tell: no timers, no checks of what is acceptable. */
#ifndef LASTACK_FLOW_STATE_H
#define LASTACK_FLOW_STATE_H

#include "core/tcp_state.h"
#include "netns/wire_packet.h"

/* The end has sent this segment. ST_NONE: nothing was known of it. */
void flow_state_sent(enum tcp_state *state, const struct segment *s);

/* The end has received it; `acks_fin`: it acknowledges the FIN that this end has sent. */
void flow_state_received(enum tcp_state *state, const struct segment *s, int acks_fin);

#endif
