/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When an address of IPv6 is there. The kernel makes the route by which packets for it are taken
 * in (type local) in a worker of its own, even with nodad (addrconf_dad_work() in
 * net/ipv6/addrconf.c). Until then the host sends from the address, and throws away what comes
 * back as something to forward.
 */
#ifndef LASTACK_READY_H
#define LASTACK_READY_H

#include "core/err.h"

/*
 * Waits until the caller's network namespace takes in packets for `addresses` addresses of IPv6,
 * those of lo not counted. ERR_LAB after 5 s. Nothing to wait for where there is no IPv6.
 */
int ready_await(unsigned addresses, struct err *err);

#endif
