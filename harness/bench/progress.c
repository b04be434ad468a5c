/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include "core/clock.h"

#include <stdio.h>
#include <string.h>

void progress_begin(struct bench_progress *p, const char *label)
{
	memset(p, 0, sizeof *p);
	p->label = label;
	if (*label)
		progress_show(&p->line, "%s", label);
}

/* "TIME_WAIT client 12 server 0  "; one number where there is one namespace; "": not counted. */
static void time_waits(
        char *ret, size_t size, const struct bench_sample *s, const struct bench_result *r)
{
	unsigned long long client = s->time_wait[SIDE_CLIENT], server = s->time_wait[SIDE_SERVER];

	*ret = 0;
	if (r->have_samples && r->one_namespace)
		snprintf(ret, size, "TIME_WAIT %llu  ", client + server); /* only one is counted */
	else if (r->have_samples)
		snprintf(ret, size, "TIME_WAIT client %llu server %llu  ", client, server);
}

void progress_tick(
        struct bench_progress *p, const struct bench_sample *s, const struct bench_result *r)
{
	uint64_t passed = s->at_ns - p->last.at_ns;
	char waits[80];

	if (passed < NS_PER_S - NS_PER_S / 20)
		return;
	time_waits(waits, sizeof waits, s, r);
	progress_show(&p->line, "%s%s%4.0f s  %8.0f/s  %serrors %llu", p->label,
	        *p->label ? "  " : "", (double)s->at_ns / NS_PER_S,
	        (double)(s->done - p->last.done) / ((double)passed / NS_PER_S), waits,
	        (unsigned long long)s->errors);
	p->last = *s;
}

void progress_end(struct bench_progress *p)
{
	progress_clear(&p->line);
}
