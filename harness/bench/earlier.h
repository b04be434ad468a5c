/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TIME_WAITs of a run, apart from those that there were before. These end while it runs, so their
 * number cannot be taken off later; but a minisocket (TIME_WAIT, orphaned FIN_WAIT_2) keeps its
 * cookie for as long as it lives. Where there were none, or none is left, the kernel's counter
 * tells, else a dump: the more there are, the longer it takes.
 */
#ifndef LASTACK_BENCH_EARLIER_H
#define LASTACK_BENCH_EARLIER_H

#include "watch.h"

/* Zeroed memory: there were none. */
struct earlier {
	ARRAY(uint64_t) cookies[2]; /* by enum bench_side; ascending */
	size_t left[2];             /* of them, when they were counted last */
};

/* Those of now, and their number to r->before. -1 with err when the sockets cannot be dumped. */
int earlier_begin(
        struct earlier *e, const struct watch *w, struct bench_result *r, struct err *err);

/* Whether it will take a dump. */
int earlier_any(const struct earlier *e);

/* Those of each side that are not from before; a side without counters is left alone. As above. */
int earlier_count_others(struct earlier *e, const struct watch *w, const struct bench_result *r,
        uint64_t ret[2], struct err *err);

void earlier_free(struct earlier *e);

#endif
