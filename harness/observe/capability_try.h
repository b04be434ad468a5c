/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the probes of capability_probe.c and capability_netns.c. */
#ifndef LASTACK_CAPABILITY_TRY_H
#define LASTACK_CAPABILITY_TRY_H

#include "capability_probe.h"

/* The answer: have it; or lack it, with a reason and perhaps a remedy. */
void capability_have_it(struct capability_state *s);
void capability_lacks(struct capability_state *s, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
void capability_mend(struct capability_state *s, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

/* CAP_SYS_ADMIN and CAP_NET_ADMIN, which root in a sandbox may lack. */
int capability_admin_rights(void);

void capability_probe_netns(struct capability_state *s);
void capability_probe_userns(struct capability_state *s);
void capability_probe_tun(struct capability_state *s);
void capability_probe_packet(struct capability_state *s);
void capability_probe_veth(struct capability_state *s);
void capability_probe_nft(struct capability_state *s);
void capability_probe_conntrack(struct capability_state *s);
void capability_probe_ipv6(struct capability_state *s);

#endif
