/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_PACKET_H
#define LASTACK_PACKET_H

#include "core/err.h"

/*
 * The wire's device where TUN is not to be had: makes a veth of that name in the network namespace
 * of the caller, with its other end beside it, and returns a non-blocking packet socket on that
 * end. It reads raw IP packets; a write needs an address with PACKET_HOST_MAC. -1 with err.
 *
 * Neither end has offloads, so that every packet is one segment with a whole checksum; the host's
 * end does without ARP and neighbour discovery.
 */
int packet_open(const char *name, struct err *err);

/* The hardware address of every host's end. */
#define PACKET_HOST_MAC 0x02, 0, 0, 0, 0, 0x01

/*
 * TUN, or a packet socket where this machine has no TUN. LASTACK_WIRE=tun or packet in the
 * environment leaves no choice.
 */
int wire_device_open(const char *name, struct err *err);

/* Is what the environment says about it one of these words? -1 with err. */
int wire_device_check(struct err *err);

/* Which of the two such a descriptor is. */
int packet_is(int fd);

#endif
