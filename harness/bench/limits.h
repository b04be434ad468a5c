/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_BENCH_LIMITS_H
#define LASTACK_BENCH_LIMITS_H

#include "bench.h"

/*
 * Raises the soft limit of open files to the hard one; -1 when that is too low to run anything.
 */
int limits_check(struct err *err);

/*
 * How many flows a worker may have under this process's limit of open files (each worker has a
 * table of its own).
 */
unsigned limits_flows(unsigned wanted, struct bench_result *r);

/* How many slots the table of a server's ring has for so many flows: that has the same limit. */
unsigned limits_table(unsigned flows);

#endif
