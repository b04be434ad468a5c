/* SPDX-License-Identifier: BSD-2-Clause */
/* The line on a terminal while a run goes on. */
#ifndef LASTACK_BENCH_PROGRESS_H
#define LASTACK_BENCH_PROGRESS_H

#include "bench.h"

struct progress {
	struct bench_sample last;
	int shown;
};

void progress_begin(struct progress *p);
void progress_tick(struct progress *p, const struct bench_sample *s);
void progress_end(struct progress *p);

#endif
