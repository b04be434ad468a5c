/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What opening a connection costs against how full the range of ports is: one thread connects to a
 * server in the other host, closes first, and so leaves a TIME_WAIT on each port, until none is
 * left.
 */
#ifndef LASTACK_BENCH_PORTS_H
#define LASTACK_BENCH_PORTS_H

#include "bench.h"

enum ports_method {
	METHOD_KERNEL, /* connect() chooses */
	METHOD_RANGE,  /* connect() chooses, within IP_LOCAL_PORT_RANGE, the very same range */
	METHOD_BIND,   /* bind(port) with SO_REUSEADDR, one after the other */
	METHOD_BIND_0, /* bind(port 0) without IP_BIND_ADDRESS_NO_PORT */
	METHOD_COUNT
};

#define PORTS_MAX 65536

/* How a method ended. Zeroed memory is one that has not been run. */
enum ports_end {
	PORTS_NOT_RUN,
	PORTS_INTERRUPTED,
	PORTS_EXPIRED, /* stopped, for the first TIME_WAITs were about to end */
	PORTS_FAILED,  /* no port is left: `error` */
	PORTS_REUSED   /* every port is held, and the next connection takes one of them */
};

struct ports_run {
	enum ports_method method;
	int family;
	unsigned lo, hi;
	int progress;
	enum ports_end end;
	unsigned n;                  /* connections opened */
	unsigned cost_ns[PORTS_MAX]; /* of bind() and connect() together, in order; 0: not measured
	                              */
	int error;                   /* PORTS_FAILED: the errno */
	uint64_t error_ns;           /* and what the failing call cost (median of several) */
};

const char *ports_method_name(enum ports_method m);

/*
 * In a cell of its own. The struct is large: allocate it. An interruption is no error. Where each
 * connection is dear, past half of the range, about 400 are measured; the ports between are
 * taken by METHOD_RANGE, which leaves the same behind and costs little.
 */
int ports_measure(struct ports_run *p, const struct bench_config *c, struct err *err);

/*
 * The median cost while from `lo` to below `hi` (shares) of the range were held, or, where no
 * number of ports is such a share, with the number nearest to it; 0 when that was not measured.
 */
double ports_cost_us(const struct ports_run *p, double lo, double hi);

#endif
