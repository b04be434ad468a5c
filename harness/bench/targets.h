/* SPDX-License-Identifier: BSD-2-Clause */
/* Which address pair and port a worker's next connection takes. */
#ifndef LASTACK_BENCH_TARGETS_H
#define LASTACK_BENCH_TARGETS_H

#include "bench.h"

struct target {
	struct sockaddr_storage from; /* family AF_UNSPEC: the kernel chooses */
	const struct sockaddr_storage *to;
	socklen_t len;
};

struct targets {
	enum bench_ports ports;
	unsigned n_from, n_to, lo, hi;
	struct sockaddr_storage *from, *to;
	socklen_t len;
	uint64_t k;
	uint32_t range; /* value for IP_LOCAL_PORT_RANGE */
	unsigned first; /* bind: where this worker begins in the range */
};

/*
 * Addresses are consecutive from the given ones. `from` is NULL where the kernel shall choose the
 * address.
 */
void targets_init(struct targets *t, const struct bench_config *c, const struct endpoint *from,
        const struct endpoint *to, unsigned lo, unsigned hi);
void targets_free(struct targets *t);

void targets_next(struct targets *t, struct target *ret);

/* Whether a socket needs anything set before connect(). */
int targets_plain(const struct targets *t);

/* The options and the bind that a target wants. 0, or -1 with errno and the call that failed. */
int targets_prepare(
        const struct targets *t, const struct target *g, int fd, enum bench_call *ret_call);

/* The address `n` after e's. */
struct endpoint endpoint_after(const struct endpoint *e, unsigned n);

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

#endif
