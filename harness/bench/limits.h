/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_BENCH_LIMITS_H
#define LASTACK_BENCH_LIMITS_H

#include "bench.h"

/*
 * How many flows a worker may have under this process's limit of open files (each worker has a
 * table of its own). Raises the soft limit to the hard one.
 */
unsigned limits_flows(unsigned wanted, struct bench_result *r);

/* The CPUs this process may use: their numbers into `ret`, at most `max`. How many. */
unsigned limits_cpus(unsigned *ret, unsigned max);

#endif
