/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which addresses and devices a cell has, as lines for `ip -batch`: the same that are run are shown
 * to the user. Benchmarking ranges: 198.18.0.0/15 (RFC 2544), 2001:2::/48 (RFC 5180).
 *
 *   client 198.18.0.1, .2 ...   2001:2:0:1::1 ...    device client0
 *   server 198.19.0.1, .2 ...   2001:2:0:2::1 ...    device server0
 *
 * Without a router both are on one link and one prefix. With it, device router0 faces the client
 * and router1 the server, and each host's default route goes through the router's .255.254 (::ff).
 */
#ifndef LASTACK_TOPOLOGY_H
#define LASTACK_TOPOLOGY_H

#include "core/addr.h"
#include "model/scenario.h"

#include <stdio.h>

struct topology {
	enum link_kind link; /* between the client and whoever is next */
	unsigned addresses[HOST_COUNT];
	int router;
};

struct topology topology_of(const struct scenario *s);

/* `index` from 1. The port is 0. */
struct endpoint topology_address(enum host h, unsigned family, unsigned index);

/* Run in the cell's own namespace: the namespaces of the hosts; then the veths between them. */
void topology_spaces(const struct topology *t, FILE *out);
void topology_veths(const struct topology *t, FILE *out);

/* How many addresses of IPv6 a host has, lo's not counted. */
unsigned topology_addresses(const struct topology *t, enum host h);

/* Run inside a host. */
void topology_host(const struct topology *t, enum host h, FILE *out);

#endif
