/* SPDX-License-Identifier: BSD-2-Clause */
/* The reports of one command: what --report asked for, fed with every outcome. */
#ifndef LASTACK_REPORTS_H
#define LASTACK_REPORTS_H

#include "core/array.h"
#include "report/reporter.h"

/* One --report: who writes, and where to. */
struct report {
	const struct reporter *reporter;
	FILE *out;
	struct report_options options;
};

struct reports {
	ARRAY(struct report) all;
	int verbose;
	size_t n, counts[VERDICT_COUNT]; /* that have ended */
	size_t n_in_order;
};

/* "tap", "json=FILE". 0, or -1 with err: also when another writes to the same place. */
int reports_add(struct reports *r, const char *text, struct err *err);

void reports_begin(struct reports *r, size_t n_runs); /* on a terminal when nobody said else */
/*
 * Each outcome is told twice: as soon as it is there, and when all before it have been. A reporter
 * takes it at the one or the other.
 */
void reports_ended(struct reports *r, const struct outcome *o);
void reports_in_order(struct reports *r, const struct outcome *o);
void reports_outcome(struct reports *r, const struct outcome *o); /* both */

void reports_bail(struct reports *r, size_t n_unfinished); /* interrupted; reports_end() follows */
int reports_end(struct reports *r, uint64_t took_ns, struct err *err); /* closes and frees */

/* What the counts make of the exit code. */
int reports_exit_code(const struct reports *r);

#endif
