/* SPDX-License-Identifier: BSD-2-Clause */
/* What was found out about a step, and the verdict on the whole. */
#include "judge_internal.h"

#include "core/clock.h"
#include "phrase.h"

#include <string.h>

static struct finding finding_of(const struct judge *j, enum verdict_kind kind, struct mark at)
{
	return (struct finding){
	        .step = (unsigned)j->step,
	        .kind = kind,
	        .at = at,
	        .first = j->l->step_event,
	        .last = j->last,
	};
}

static enum verdict_kind verdict_of(enum answer_kind a)
{
	switch (a) {
	case ANSWER_HOLDS:
		return VERDICT_PASS;
	case ANSWER_MISSING:
		return VERDICT_SKIP;
	case ANSWER_FAILS:
	case ANSWER_UNDECIDED:
		break;
	}
	return VERDICT_FAIL;
}

/* An expectation that is undecided has failed when the time is up, and not when another failed. */
static int time_is_up(const struct judge *j)
{
	return j->l->now_ns >= j->deadline_ns && !j->broken && !j->held_since_ns;
}

/* "within 2 s", "for 30 s", "60 s later": how the step asked for it. */
static void add_time(struct phrase *p, const struct judge *j, const struct step *st)
{
	char text[32];

	if (st->has_after)
		phrase_add(p, " after %s", duration_format(st->after_ns, text, sizeof text));
	if (st->for_ns)
		phrase_add(p, " for %s", duration_format(st->for_ns, text, sizeof text));
	else if (!st->has_after)
		phrase_add(p, " within %s",
		        duration_format(judge_within_ns(j, st), text, sizeof text));
}

/* Counted from where the step's own `after` is counted from. */
static void add_elapsed(struct phrase *p, const struct judge *j, const struct step *st)
{
	uint64_t ns = j->l->now_ns - j->l->step_from_ns + (st->has_after ? st->after_ns : 0);
	char text[32];

	if (ns)
		phrase_add(p, " after %s", duration_format(ns, text, sizeof text));
}

static void note_expectation(struct judge *j, const struct step *st, size_t i)
{
	const struct expectation *x = &st->expectations.v[i];
	const struct expectation_type *type = expectation_type_find(x->kind);
	int breach = j->broken && j->breach_of == i;
	struct answer a = breach ? j->breach : judge_answer(j, x);
	struct finding f = finding_of(j, verdict_of(a.kind), x->at);
	struct phrase wanted = {f.wanted, sizeof f.wanted, 0}, seen = {f.seen, sizeof f.seen, 0};
	char text[32];

	if (!breach && a.kind == ANSWER_UNDECIDED && !time_is_up(j))
		return;
	phrase_expectation(x, f.wanted, sizeof f.wanted);
	wanted.n = strlen(f.wanted);
	add_time(&wanted, j, st);
	phrase_add(&seen, "%s", a.seen);
	if (breach)
		phrase_add(&seen, ", after it had held for %s",
		        duration_format(j->breach_ns - j->held_since_ns, text, sizeof text));
	else if (f.kind == VERDICT_FAIL && !(type && type->tells_times))
		add_elapsed(&seen, j, st);
	array_push(&j->findings, f);
}

static void note_action(struct judge *j, const struct step *st, const struct ruling *r)
{
	struct finding f = finding_of(j, VERDICT_FAIL, st->at);
	char text[32];

	if (r->kind == ANSWER_HOLDS)
		return;
	snprintf(f.wanted, sizeof f.wanted, "%s %s settles within %s", actor_names[st->actor],
	        step_action_names[st->action],
	        duration_format(judge_within_ns(j, st), text, sizeof text));
	snprintf(f.seen, sizeof f.seen,
	        "did not settle: %s in %s; if a fault prevents it, write wait: no", r->waits_for,
	        duration_format(j->l->now_ns - j->l->step_from_ns, text, sizeof text));
	array_push(&j->findings, f);
}

void judge_find(struct judge *j, const struct step *st, const struct ruling *r)
{
	if (st->action != DO_EXPECT)
		note_action(j, st, r);
	for (size_t i = 0; i < st->expectations.n; i++)
		note_expectation(j, st, i);
}

/* ---- the verdict ---- */

static void verdict_error(struct verdict *v, const struct judge *j, size_t last, const char *why)
{
	struct finding f = {
	        .step = (unsigned)(j->step < j->s->steps.n ? j->step : j->ended),
	        .kind = VERDICT_ERROR,
	        .first = j->l->step_event,
	        .last = last,
	};

	if (j->step < j->s->steps.n)
		f.at = j->s->steps.v[j->step].at;
	v->kind = VERDICT_ERROR;
	snprintf(f.wanted, sizeof f.wanted, "the lab works");
	snprintf(f.seen, sizeof f.seen, "%s", why);
	snprintf(v->why, sizeof v->why, "%s", why);
	array_push(&v->findings, f);
}

static const struct finding *worst_finding(const struct verdict *v)
{
	const struct finding *skip = NULL;

	array_each (const struct finding, f, &v->findings) {
		if (f->kind == VERDICT_FAIL)
			return f;
		if (f->kind == VERDICT_SKIP && !skip)
			skip = f;
	}
	return skip;
}

/* What failed is told; what is missing only when nothing provably failed at the same moment. */
static void verdict_over(struct verdict *v)
{
	const struct finding *f = worst_finding(v);
	struct phrase why = {v->why, sizeof v->why, 0};

	if (!f) { /* a step that failed is never a PASS, whatever is missing in the account of it */
		v->kind = VERDICT_ERROR;
		phrase_add(&why, "a step failed, and the judge has no finding for it");
		return;
	}
	v->kind = f->kind;
	phrase_add(&why, "step %u (line %u): %s: %s", f->step + 1, f->at.line, f->wanted, f->seen);
}

void judge_verdict(struct judge *j, struct verdict *ret)
{
	char text[96];

	memset(ret, 0, sizeof *ret);
	array_each (const struct finding, f, &j->findings)
		array_push(&ret->findings, *f);
	ret->took_ns = j->l->now_ns - j->head->origin_ns;
	if (*j->trouble) {
		verdict_error(ret, j, j->trouble_at, j->trouble);
	} else if (j->over) {
		verdict_over(ret);
	} else if (j->ended < j->s->steps.n) {
		snprintf(text, sizeof text, "the timeline ends in step %zu of %zu", j->ended + 1,
		        j->s->steps.n);
		verdict_error(ret, j, j->last, text);
	}
}
