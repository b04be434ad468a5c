/* SPDX-License-Identifier: BSD-2-Clause */
/* The line on a terminal while a run goes on. */
#ifndef LASTACK_BENCH_PROGRESS_H
#define LASTACK_BENCH_PROGRESS_H

#include "bench.h"
#include "run/progress.h"

struct bench_progress {
	struct progress line;
	struct bench_sample last;
	const char *label; /* what comes first; "" nothing */
};

void progress_begin(struct bench_progress *p, const char *label);
void progress_tick(
        struct bench_progress *p, const struct bench_sample *s, const struct bench_result *r);
void progress_end(struct bench_progress *p);

#endif
