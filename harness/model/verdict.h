/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict on one run. Four kinds that are never mixed up:
 *   PASS   every step held
 *   FAIL   the kernel (or the program) did something else than the scenario says
 *   SKIP   a named capability is missing
 *   ERROR  the lab failed: nothing is known about the claim
 */
#ifndef LASTACK_VERDICT_H
#define LASTACK_VERDICT_H

#include "model/scenario.h"
#include "model/timeline.h"

enum verdict_kind { VERDICT_PASS, VERDICT_FAIL, VERDICT_SKIP, VERDICT_ERROR, VERDICT_COUNT };

extern const char *const verdict_names[VERDICT_COUNT]; /* "PASS" ... */

/* What was found out about one step. */
struct finding {
	unsigned step;
	enum verdict_kind kind;
	struct mark at;     /* of the expectation that decided */
	char wanted[256];   /* "server CLOSE_WAIT = 100" */
	char seen[512];     /* "98 after 2 s; 2 in ESTABLISHED" */
	size_t first, last; /* events of the timeline that prove it, inclusive */
};

struct verdict {
	enum verdict_kind kind;
	char why[768]; /* one line; empty for PASS */
	ARRAY(struct finding) findings;
	uint64_t took_ns;
};

void verdict_free(struct verdict *v); /* its contents */

#endif
