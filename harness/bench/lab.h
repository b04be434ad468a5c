/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a benchmark runs: two hosts of a cell, one namespace with only a loopback, or this machine.
 */
#ifndef LASTACK_BENCH_LAB_H
#define LASTACK_BENCH_LAB_H

#include "bench.h"
#include "netns/cell.h"
#include "netns/wire.h"

/* Below 1024, so that no range of ephemeral ports holds it. Pair i listens on this and i. */
#define BENCH_PORT      512
#define BENCH_MAX_PAIRS BENCH_CPUS
#define BENCH_MAX_ADDRS 256

struct bench_lab {
	struct cell cell;
	int space[2]; /* by enum bench_side: descriptors of the namespaces, -1: the caller's own */
	int tun[2];
	struct wire *wire;
	int have_from;
	struct endpoint from, to; /* the first address of each side; to.port of the first pair */
	unsigned port_lo, port_hi;
	unsigned ports; /* of these, without reserved ones */
};

/* Builds it. Everything but --against must be called inside a cell (cell_spawn). */
int bench_lab_open(struct bench_lab *lab, const struct bench_config *c, struct bench_result *r,
        struct err *err);
void bench_lab_close(struct bench_lab *lab);

/* The relay of a wire link runs on this loop. Nothing to do for other links. */
int bench_lab_relay(struct bench_lab *lab, struct event_base *base, struct err *err);

/* The caller's thread goes to a host and comes back. */
int bench_lab_enter(const struct bench_lab *lab, enum bench_side side, struct err *err);
int bench_lab_leave(const struct bench_lab *lab, struct err *err);

#endif
