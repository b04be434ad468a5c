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

struct ports_run {
	enum ports_method method;
	int family;
	unsigned lo, hi;
	int progress;
	unsigned n;                  /* connections opened */
	unsigned cost_ns[PORTS_MAX]; /* of bind() and connect() together, in order */
	int error;                /* the errno that ended it; 0 when the range was gone through */
	uint64_t error_ns;        /* what the failing call cost (median of several) */
	int interrupted, expired; /* expired: stopped, for the first TIME_WAITs were about to end */
};

const char *ports_method_name(enum ports_method m);

/* In a cell of its own. The struct is large: allocate it. */
int ports_measure(struct ports_run *p, const struct bench_config *c, struct err *err);

/* The median cost while from `lo` to `hi` (shares) of the range were held; 0 when never. */
double ports_cost_us(const struct ports_run *p, double lo, double hi);

#endif
