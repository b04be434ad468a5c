/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include "core/clock.h"

#include <stdio.h>
#include <string.h>

void progress_begin(struct progress *p)
{
	memset(p, 0, sizeof *p);
}

void progress_tick(struct progress *p, const struct bench_sample *s)
{
	uint64_t passed = s->at_ns - p->last.at_ns;

	if (passed < NS_PER_S - NS_PER_S / 20)
		return;
	fprintf(stderr, "\r%4.0f s  %8.0f/s  TIME_WAIT client %llu server %llu  errors %llu\033[K",
	        (double)s->at_ns / NS_PER_S,
	        (double)(s->done - p->last.done) / ((double)passed / NS_PER_S),
	        (unsigned long long)s->time_wait[SIDE_CLIENT],
	        (unsigned long long)s->time_wait[SIDE_SERVER], (unsigned long long)s->errors);
	fflush(stderr);
	p->last = *s;
	p->shown = 1;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = 0;
}
