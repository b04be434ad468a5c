/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge says of the step under way: answers, deadlines, `for`. */
#include "judge_internal.h"

#include "core/clock.h"
#include "phrase.h"
#include "stay.h"

#include <string.h>

/* A dump that a deadline waits for comes this much later at most; then it is judged without. */
#define PATIENCE_NS (10 * NS_PER_S)

/* What the stays of a path, or gaps, ask for by themselves comes on top of the default. */
static uint64_t stays_ns(const struct judge *j, const struct expectation *x)
{
	uint64_t sum = 0;

	array_each (const struct path_state, p, &x->path)
		if (p->has_stay)
			sum += stay_longest_ns(j->l, x->host, &p->stay);
	array_each (const struct range, g, &x->gaps)
		sum += stay_longest_ns(j->l, x->host, g);
	return sum;
}

uint64_t judge_within_ns(const struct judge *j, const struct step *st)
{
	uint64_t most = 0;

	if (st->action != DO_EXPECT)
		return settle_within_ns(j->s, st);
	if (st->within_ns)
		return st->within_ns;
	array_each (const struct expectation, x, &st->expectations) {
		uint64_t ns = stays_ns(j, x);

		if (ns > most)
			most = ns;
	}
	return most + WITHIN_NS;
}

struct answer judge_answer(const struct judge *j, const struct expectation *x)
{
	const struct expectation_type *t = expectation_type_find(x->kind);
	const struct step *st = judge_step(j);
	char kernel[KERNEL_TEXT];

	if (st && !kernel_guard_holds(&st->kernel, j->head->kernel))
		return answer_make(ANSWER_MISSING, "needs kernel %s, this one is %s",
		        kernel_guard_format(&st->kernel, kernel, sizeof kernel), j->head->kernel);
	if (!t)
		return answer_make(ANSWER_MISSING, "there is no kind of expectation '%s'", x->kind);
	return t->evaluate(x, j->l);
}

/* Are there dumps of all the hosts concerned, made at that moment or after it? */
static int sampled_since(const struct judge *j, const struct step *st, uint64_t t_ns)
{
	if (j->l->now_ns >= t_ns + PATIENCE_NS)
		return 1;
	array_each (const struct expectation, x, &st->expectations)
		if (x->host < HOST_COUNT && j->l->hosts[x->host].sample_ns < t_ns)
			return 0;
	return 1;
}

static int rank(const struct answer *a)
{
	switch (a->kind) {
	case ANSWER_HOLDS:
		return 0;
	case ANSWER_UNDECIDED:
		return a->blind ? 1 : 2;
	case ANSWER_MISSING:
		return 3;
	case ANSWER_FAILS:
		break;
	}
	return 4;
}

/* The worst of the answers and which expectation it is of: fails, missing, undecided, holds. */
static struct answer worst_of(const struct judge *j, const struct step *st, size_t *ret_of)
{
	struct answer worst = {.kind = ANSWER_HOLDS};

	*ret_of = 0;
	for (size_t i = 0; i < st->expectations.n; i++) {
		struct answer a = judge_answer(j, &st->expectations.v[i]);

		if (rank(&a) <= rank(&worst))
			continue;
		worst = a;
		*ret_of = i;
	}
	return worst;
}

/*
 * `for`: whether it has held is a matter of every event, so this is asked at each. Some are told
 * late: one from before that time says that it did not begin then; one of that time breaks it,
 * whatever the time is by now.
 */
void judge_watch(struct judge *j, uint64_t t_ns)
{
	const struct step *st = judge_step(j);
	struct answer a;
	size_t of;

	if (!st || !st->for_ns || st->action != DO_EXPECT || j->broken ||
	        j->l->now_ns < j->l->step_from_ns)
		return;
	a = worst_of(j, st, &of);
	if (a.blind)
		return;
	if (a.kind == ANSWER_HOLDS && !j->held_since_ns) {
		j->held_since_ns = j->l->now_ns;
	} else if (a.kind != ANSWER_HOLDS && t_ns < j->held_since_ns) {
		j->held_since_ns = 0;
	} else if (a.kind != ANSWER_HOLDS && j->held_since_ns &&
	           t_ns <= j->held_since_ns + st->for_ns) {
		j->broken = 1;
		j->breach = a;
		j->breach.kind = ANSWER_FAILS;
		j->breach_ns = t_ns;
		j->breach_of = of;
	}
}

static void say_waits_for(struct ruling *r, const struct expectation *x, const struct answer *a)
{
	char wanted[256];

	phrase_expectation(x, wanted, sizeof wanted);
	snprintf(r->waits_for, sizeof r->waits_for, "%.120s (%.100s so far)", wanted, a->seen);
}

static struct ruling rule_undecided(
        const struct judge *j, const struct step *st, const struct answer *a, size_t of)
{
	struct ruling r = {.kind = ANSWER_UNDECIDED, .until_ns = j->deadline_ns};

	say_waits_for(&r, &st->expectations.v[of], a);
	if (j->l->now_ns >= j->deadline_ns && sampled_since(j, st, j->deadline_ns))
		r.kind = ANSWER_FAILS;
	return r;
}

static struct ruling rule_holding(const struct judge *j, const struct step *st)
{
	struct ruling r = {.kind = ANSWER_UNDECIDED};
	char text[32];

	r.until_ns = j->held_since_ns + st->for_ns;
	if (j->l->now_ns >= r.until_ns && sampled_since(j, st, r.until_ns))
		r.kind = ANSWER_HOLDS;
	phrase_expectation(&st->expectations.v[0], r.waits_for, sizeof r.waits_for);
	snprintf(r.waits_for + strlen(r.waits_for), sizeof r.waits_for - strlen(r.waits_for),
	        " for %s", duration_format(st->for_ns, text, sizeof text));
	return r;
}

static struct ruling rule_expect(const struct judge *j, const struct step *st)
{
	struct ruling r = {0};
	struct answer a;
	size_t of;

	if (!st->expectations.n)
		return (struct ruling){.kind = ANSWER_HOLDS};
	if (j->broken)
		return (struct ruling){.kind = ANSWER_FAILS};
	if (j->held_since_ns)
		return rule_holding(j, st);
	a = worst_of(j, st, &of);
	if (a.kind == ANSWER_UNDECIDED)
		return rule_undecided(j, st, &a, of);
	r.kind = a.kind;
	return r;
}

/* Counting thousands of connections at each report of one of them would be slow. */
static struct settled settled(struct judge *j)
{
	unsigned reports = j->l->kinds[EV_PEER];

	if (reports >= j->settled_until) {
		j->settled = settle_step(j->l, (unsigned)j->step);
		j->settled_until = reports + j->settled.missing;
	}
	return j->settled;
}

static struct ruling rule_action(struct judge *j)
{
	struct settled s = settled(j);
	struct ruling r = {.kind = ANSWER_UNDECIDED, .until_ns = j->deadline_ns};

	if (s.yes)
		r.kind = ANSWER_HOLDS;
	else if (j->l->now_ns >= j->deadline_ns)
		r.kind = ANSWER_FAILS;
	snprintf(r.waits_for, sizeof r.waits_for, "%s", s.waits_for);
	return r;
}

static struct ruling rule_early(const struct judge *j, const struct step *st)
{
	struct ruling r = {
	        .kind = ANSWER_UNDECIDED,
	        .until_ns = j->l->step_from_ns,
	        .not_before_ns = j->l->step_from_ns,
	};
	char text[32];

	snprintf(r.waits_for, sizeof r.waits_for, "%s to pass",
	        duration_format(st->after_ns, text, sizeof text));
	return r;
}

struct ruling judge_rule(struct judge *j)
{
	const struct step *st = judge_step(j);
	struct ruling r;

	if (*j->trouble)
		return (struct ruling){.kind = ANSWER_FAILS};
	if (!st)
		return (struct ruling){.kind = ANSWER_HOLDS};
	if (j->l->now_ns < j->l->step_from_ns)
		return rule_early(j, st);
	r = st->action == DO_EXPECT ? rule_expect(j, st) : rule_action(j);
	r.not_before_ns = st->has_after ? j->l->step_from_ns : 0;
	return r;
}
