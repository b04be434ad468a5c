/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the judge share.
 *
 *   judge.c         events in; how a step begins and ends; trouble
 *   judge_rule.c    what to say of the step under way
 *   judge_find.c    what was found out, and the verdict
 */
#ifndef LASTACK_JUDGE_INTERNAL_H
#define LASTACK_JUDGE_INTERNAL_H

#include "judge.h"
#include "ledger.h"
#include "settle.h"

struct judge {
	const struct scenario *s;
	const struct timeline_head *head;
	struct ledger *l;
	size_t fed, last; /* how many events, and the index of the last */

	/* The step under way; step == s->steps.n between steps. */
	size_t step;
	uint64_t deadline_ns;
	uint64_t held_since_ns; /* `for`: the first moment at which all held; 0 not yet */
	int broken;             /* `for`: it held, and then it did not */
	struct answer breach;
	uint64_t breach_ns;
	size_t breach_of; /* which expectation */
	/* An action: the last answer is good until there are so many reports of peers. */
	struct settled settled;
	unsigned settled_until;

	size_t ended; /* how many steps have ended well */
	uint64_t ended_ns;
	int over; /* a step failed: what comes is not judged */
	char trouble[512];
	size_t trouble_at;
	ARRAY(struct finding) findings;
};

/* The step under way, or NULL. */
const struct step *judge_step(const struct judge *j);

struct answer judge_answer(const struct judge *j, const struct expectation *x);

/* How long a step may take, its own `after` aside. */
uint64_t judge_within_ns(const struct judge *j, const struct step *st);

/* `for`: to be asked after every event, which is of t_ns. */
void judge_watch(struct judge *j, uint64_t t_ns);

/* Notes what the step under way comes to, whose ruling is r. */
void judge_find(struct judge *j, const struct step *st, const struct ruling *r);

#endif
