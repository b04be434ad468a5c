/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a path says that a socket stays in a state: its words to a window of time. */
#ifndef LASTACK_STAY_H
#define LASTACK_STAY_H

#include "ledger.h"

#include "core/wheel.h"

/* The bounds of durations, or the window of a timer of that length. hi_ns UINT64_MAX: no bound. */
struct window stay_bounds(const struct range *r, unsigned hz);

/*
 * The window for a stay of this socket, as far as the timeline has come. -1 while that is not
 * known: a stay of retransmissions begins with a FIN, which the wire has not shown yet. Where no
 * segment is seen (veth), the timeout is at most the second that a sender begins with.
 *
 * Of a stay that so many retransmissions end, the upper bound is on when the last of them was sent:
 * how long that, and its acknowledgement, wait in queues is no matter of the sender. So before the
 * stay has ended (`lasted_ns` is NULL; else how long it took at least) the wire knows no such
 * bound.
 */
int stay_window(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        const uint64_t *lasted_ns, struct window *ret);

/* How often the socket has sent its FIN again, as the kernel tells and the wire has seen. */
unsigned stay_fin_again(const struct ledger *l, const struct ledger_socket *s);

/*
 * It was sent again more often than the stay says. That is certain where the windows of time are
 * not: over veth, two retransmissions fit into the longest time that one may take.
 */
int stay_goes_on(const struct ledger *l, const struct ledger_socket *s, const struct range *r);

/* How long such a stay lasts at most, for a deadline: as if no round trip was seen yet. */
uint64_t stay_longest_ns(const struct ledger *l, enum host h, const struct range *r);

#endif
