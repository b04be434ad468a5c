/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reporter turns scenarios, timelines and verdicts into bytes: a row of report/reporters.def.
 * Pure: it writes to `out` and looks at nothing else.
 */
#ifndef LASTACK_REPORTER_H
#define LASTACK_REPORTER_H

#include "model/scenario.h"
#include "model/timeline.h"
#include "model/verdict.h"

#include <stdio.h>

/* One run of one scenario. */
struct outcome {
	const struct scenario *scenario;
	const struct timeline *timeline; /* NULL when the run never got so far */
	const struct verdict *verdict;
	char title[300]; /* "close/in-order" with what tells this run from the others: " (IPv6)", "
	                    #3" */
};

struct report_options {
	int colour;
	int verbose;
};

struct reporter {
	const char *name, *help;
	int in_order; /* of the plans; else each outcome comes as soon as it is there */
	void (*begin)(FILE *out, const struct report_options *o, size_t n_runs);
	void (*outcome)(
	        FILE *out, const struct report_options *o, const struct outcome *r, size_t number);
	/* Interrupted: so many runs have no verdict. Before end(); may be NULL. */
	void (*bail)(FILE *out, size_t n_unfinished);
	void (*end)(FILE *out, const struct report_options *o, const size_t counts[VERDICT_COUNT],
	        uint64_t took_ns);
};

extern const struct reporter *const reporters[]; /* NULL at the end */
const struct reporter *reporter_find(const char *name);

#endif
