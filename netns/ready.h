/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a host can send and be reached. Two things the kernel leaves to workers of its own, and on a
 * busy machine those come seconds later:
 *
 * A veth device that came up before its peer begins to send when the carrier is noticed
 * (linkwatch_do_dev() in net/core/link_watch.c; its operational state says so, RFC 2863). Until
 * then what it sends disappears: a SYN, or the answer to who asks for the neighbour, so that
 * connections wait for a retransmission or fail.
 *
 * An address of IPv6 gets the route by which packets for it are taken in (type local) from
 * addrconf_dad_work() in net/ipv6/addrconf.c, even with nodad. Until then the host sends from the
 * address, and throws away what comes back as something to forward.
 */
#ifndef LASTACK_READY_H
#define LASTACK_READY_H

#include "core/err.h"

/*
 * Waits until all devices of the caller's network namespace that are up send, and until it takes in
 * packets for `addresses` addresses of IPv6, those of lo not counted. ERR_LAB after 30 s. Nothing
 * to wait for where there is no IPv6.
 */
int ready_await(unsigned addresses, struct err *err);

#endif
