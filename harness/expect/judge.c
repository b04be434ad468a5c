/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge: what the timeline so far says about the step under way, and about the whole. */
#include "judge.h"

#include "core/clock.h"
#include "core/wheel.h"
#include "ledger.h"
#include "phrase.h"
#include "settle.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define EXPECTATION(name) extern const struct expectation_type expectation_##name;
#include "expectations.def"
#undef EXPECTATION

#define EXPECTATION(name) &expectation_##name,
const struct expectation_type *const expectation_types[] = {
#include "expectations.def"
        NULL};

/* A dump that a deadline waits for comes this much later at most; then it is judged without. */
#define PATIENCE_NS NS_PER_S

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

const struct expectation_type *expectation_type_find(const char *name)
{
	for (const struct expectation_type *const *t = expectation_types; *t; t++)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}

struct judge *judge_new(const struct scenario *s, const struct timeline_head *head)
{
	struct judge *j = must(calloc(1, sizeof *j));

	j->s = s;
	j->head = head;
	j->l = ledger_new(s, head);
	j->step = s->steps.n;
	j->ended_ns = head->origin_ns;
	return j;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	ledger_free(j->l);
	array_free(&j->findings);
	free(j);
}

static const struct step *step_of(const struct judge *j)
{
	return j->step < j->s->steps.n ? &j->s->steps.v[j->step] : NULL;
}

/* ---- deadlines ---- */

/* What the stays of a path ask for by themselves comes on top of `within`. */
static uint64_t stays_ns(const struct judge *j, const struct expectation *x)
{
	uint64_t sum = 0;

	array_each (const struct path_state, p, &x->path)
		if (p->has_stay && p->stay.timer)
			sum += wheel_window((uint64_t)p->stay.lo, j->head->hz).hi_ns;
		else if (p->has_stay && p->stay.hi < INT64_MAX)
			sum += (uint64_t)p->stay.hi;
	return sum;
}

static uint64_t within_ns(const struct judge *j, const struct step *st)
{
	uint64_t most = 0;

	if (st->action != DO_EXPECT)
		return settle_within_ns(st);
	array_each (const struct expectation, x, &st->expectations)
		if (stays_ns(j, x) > most)
			most = stays_ns(j, x);
	return most + (st->within_ns ? st->within_ns : WITHIN_NS);
}

/* Kernel timers are late by up to this; who says `after: 60s` means one of them. */
static uint64_t lateness_ns(const struct judge *j, const struct step *st)
{
	return st->has_after ? wheel_window(st->after_ns, j->head->hz).hi_ns - st->after_ns : 0;
}

static void begin(struct judge *j, const struct event *e, size_t index)
{
	const struct step *st = &j->s->steps.v[e->step.index];
	uint64_t from = st->has_after ? j->ended_ns + st->after_ns : e->t_ns;

	j->step = e->step.index;
	j->l->step_event = index;
	j->l->step_from_ns = from > e->t_ns ? from : e->t_ns;
	j->deadline_ns = j->l->step_from_ns + within_ns(j, st) + lateness_ns(j, st);
	j->held_since_ns = 0;
	j->broken = 0;
	j->settled_until = 0;
}

/* ---- ruling ---- */

static struct answer answer_of(const struct judge *j, const struct expectation *x)
{
	const struct expectation_type *t = expectation_type_find(x->kind);

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

/* The worst of the answers and which expectation it is of: fails, missing, undecided, holds. */
static struct answer worst_of(const struct judge *j, const struct step *st, size_t *ret_of)
{
	static const int rank[] = {
	        [ANSWER_HOLDS] = 0,
	        [ANSWER_UNDECIDED] = 1,
	        [ANSWER_MISSING] = 2,
	        [ANSWER_FAILS] = 3,
	};
	struct answer worst = {.kind = ANSWER_HOLDS};

	*ret_of = 0;
	for (size_t i = 0; i < st->expectations.n; i++) {
		struct answer a = answer_of(j, &st->expectations.v[i]);

		if (rank[a.kind] <= rank[worst.kind])
			continue;
		worst = a;
		*ret_of = i;
	}
	return worst;
}

/* `for`: whether it has held is a matter of every event, so this is asked at each. */
static void watch(struct judge *j)
{
	const struct step *st = step_of(j);
	struct answer a;
	size_t of;

	if (!st || !st->for_ns || st->action != DO_EXPECT || j->broken ||
	        j->l->now_ns < j->l->step_from_ns)
		return;
	a = worst_of(j, st, &of);
	if (a.kind == ANSWER_HOLDS && !j->held_since_ns) {
		j->held_since_ns = j->l->now_ns;
	} else if (a.kind != ANSWER_HOLDS && j->held_since_ns &&
	           j->l->now_ns <= j->held_since_ns + st->for_ns) {
		j->broken = 1;
		j->breach = a;
		j->breach.kind = ANSWER_FAILS;
		j->breach_ns = j->l->now_ns;
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
	const struct step *st = step_of(j);
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

/* ---- trouble ---- */

static void __attribute__((format(printf, 3, 4)))
trouble(struct judge *j, size_t index, const char *fmt, ...)
{
	va_list ap;

	if (*j->trouble)
		return;
	va_start(ap, fmt);
	vsnprintf(j->trouble, sizeof j->trouble, fmt, ap);
	va_end(ap);
	j->trouble_at = index;
}

static void exit_trouble(struct judge *j, const struct event *e, size_t index)
{
	const char *who = actor_names[e->host];
	int status = e->peer.status;

	j->settled_until = 0; /* who is gone answers for all its connections */

	/* A program that a step condemned, or that ends when all is over, is no surprise. */
	if (e->host >= HOST_COUNT || j->l->hosts[e->host].condemned || j->ended == j->s->steps.n)
		return;
	if (WIFSIGNALED(status))
		trouble(j, index, "the program of the %s was killed by SIG%s", who,
		        sigabbrev_np(WTERMSIG(status)));
	else
		trouble(j, index, "the program of the %s ended by itself, with exit status %d", who,
		        WEXITSTATUS(status));
}

/* A stream of transitions with a gap proves no path. Populations have the dump to go by. */
static void gap_trouble(struct judge *j, enum host h, size_t index)
{
	array_each (const struct step, st, &j->s->steps)
		array_each (const struct expectation, x, &st->expectations)
			if (x->path.n && x->host == h)
				trouble(j, index,
				        "transitions of %u sockets of the %s were missed: a dump "
				        "shows them in another state",
				        j->l->hosts[h].gaps, actor_names[h]);
}

static void look_for_trouble(struct judge *j, const struct event *e, size_t index)
{
	if (e->kind == EV_SAMPLE && e->host < HOST_COUNT && j->l->hosts[e->host].gaps)
		gap_trouble(j, e->host, index);
	else if (e->kind == EV_TROUBLE)
		trouble(j, index, "%s", e->text);
	else if (e->kind == EV_PEER && e->peer.verb == PEER_EXITED)
		exit_trouble(j, e, index);
	else if (e->kind == EV_PEER && e->peer.verb == PEER_FAILED &&
	         !strcmp(e->peer.call, "command"))
		trouble(j, index, "the program of the %s refused a command: %s",
		        actor_names[e->host], strerror(e->peer.error));
}

/* ---- the end of a step ---- */

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
		phrase_add(p, " within %s", duration_format(within_ns(j, st), text, sizeof text));
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
	int breach = j->broken && j->breach_of == i;
	struct answer a = breach ? j->breach : answer_of(j, x);
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
	else if (f.kind == VERDICT_FAIL && !x->path.n) /* a path tells its own times */
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
	        duration_format(within_ns(j, st), text, sizeof text));
	snprintf(f.seen, sizeof f.seen,
	        "did not settle: %s in %s; if a fault prevents it, write wait: no", r->waits_for,
	        duration_format(j->l->now_ns - j->l->step_from_ns, text, sizeof text));
	array_push(&j->findings, f);
}

/* The record says how the step ended; the judge must come to the same. */
static int agrees(struct judge *j, const struct event *e, size_t index, const struct ruling *r)
{
	const char *recorded = e->step.phase == STEP_HOLDS ? "held" : "failed";

	if (r->kind == ANSWER_UNDECIDED)
		trouble(j, index,
		        "step %zu was recorded as %s, and is undecided when judged again: %s",
		        j->step + 1, recorded, r->waits_for);
	else if (r->kind == ANSWER_HOLDS && e->step.phase == STEP_FAILS)
		trouble(j, index, "step %zu was recorded as %s, and holds when judged again",
		        j->step + 1, recorded);
	return !*j->trouble;
}

/* Whether a finding says why the step under way did not hold: a verdict never passes without. */
static int has_culprit(const struct judge *j)
{
	array_each (const struct finding, f, &j->findings)
		if (f->step == j->step && f->kind != VERDICT_PASS)
			return 1;
	return 0;
}

static void end(struct judge *j, const struct event *e, size_t index)
{
	const struct step *st = step_of(j);
	struct ruling r = judge_rule(j);

	if (*j->trouble)
		return;
	if (!st || e->step.index != j->step) {
		trouble(j, index, "step %u ends, which is not under way", e->step.index + 1);
		return;
	}
	if (!agrees(j, e, index, &r))
		return;
	if (st->action != DO_EXPECT)
		note_action(j, st, &r);
	for (size_t i = 0; i < st->expectations.n; i++)
		note_expectation(j, st, i);
	if (r.kind != ANSWER_HOLDS && !has_culprit(j))
		trouble(j, index, "step %zu failed, and none of its expectations did", j->step + 1);
	j->over = r.kind != ANSWER_HOLDS;
	j->ended += r.kind == ANSWER_HOLDS;
	j->ended_ns = e->t_ns;
	j->step = j->s->steps.n;
}

static void feed_step(struct judge *j, const struct event *e, size_t index)
{
	if (e->step.index >= j->s->steps.n)
		trouble(j, index, "step %u is none of the scenario's", e->step.index + 1);
	else if (e->step.phase != STEP_BEGIN)
		end(j, e, index);
	else if (e->step.index != j->ended || step_of(j))
		trouble(j, index, "step %u begins out of turn", e->step.index + 1);
	else
		begin(j, e, index);
}

void judge_feed(struct judge *j, const struct event *e, size_t index)
{
	/* A failed step is the end; but a lab that then owns up to a failure proves nothing. */
	if (j->over && e->kind != EV_TROUBLE)
		return;
	if (e->kind == EV_STEP)
		feed_step(j, e, index);
	ledger_feed(j->l, e, index);
	look_for_trouble(j, e, index);
	j->fed++;
	j->last = index;
	if (e->kind != EV_STEP)
		watch(j);
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

void judge_timeline(const struct scenario *s, const struct timeline *t, struct verdict *ret)
{
	struct judge *j = judge_new(s, &t->head);

	for (size_t i = 0; i < t->events.n; i++)
		judge_feed(j, &t->events.v[i], i);
	judge_verdict(j, ret);
	judge_free(j);
}
