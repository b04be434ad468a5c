/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge: events in; how a step begins and ends; trouble. */
#include "judge_internal.h"

#include "core/wheel.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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

const struct step *judge_step(const struct judge *j)
{
	return j->step < j->s->steps.n ? &j->s->steps.v[j->step] : NULL;
}

/* Kernel timers are late by up to this; who says `after: 60s` means one of them. */
static uint64_t lateness_ns(const struct judge *j, const struct step *st)
{
	return st->has_after ? wheel_window(st->after_ns, j->head->hz).hi_ns - st->after_ns : 0;
}

uint64_t judge_longest_ns(const struct scenario *s, unsigned hz)
{
	const struct timeline_head head = {.hz = hz};
	struct judge *j = judge_new(s, &head);
	uint64_t sum = 0;

	array_each (const struct step, st, &s->steps)
		sum += st->after_ns + lateness_ns(j, st) + judge_within_ns(j, st) + st->for_ns;
	judge_free(j);
	return sum;
}

static void begin(struct judge *j, const struct event *e, size_t index)
{
	const struct step *st = &j->s->steps.v[e->step.index];
	uint64_t from = st->has_after ? j->ended_ns + st->after_ns : e->t_ns;

	j->step = e->step.index;
	j->l->step_event = index;
	j->l->step_from_ns = from > e->t_ns ? from : e->t_ns;
	j->deadline_ns = j->l->step_from_ns + judge_within_ns(j, st) + lateness_ns(j, st);
	j->held_since_ns = 0;
	j->broken = 0;
	j->settled_until = 0;
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

/* What a program means by the errno, as the protocol has it: docs/control-protocol.md. */
static const char *refusal(int error)
{
	switch (error) {
	case ENOENT:
		return "there are not so many connections";
	case EINVAL:
		return "it does not understand it";
	}
	return strerror(error);
}

static void command_trouble(struct judge *j, const struct event *e, size_t index)
{
	const char *who = actor_names[e->host], *why = refusal(e->peer.error);
	unsigned step = e->peer.command ? e->peer.command - 1 : UINT_MAX; /* see act.c */

	if (step < j->s->steps.n)
		trouble(j, index, "the program of the %s refused the command of step %u, %s: %s",
		        who, step + 1, step_action_names[j->s->steps.v[step].action], why);
	else
		trouble(j, index, "the program of the %s refused a command: %s", who, why);
}

static void look_for_trouble(struct judge *j, const struct event *e, size_t index)
{
	if (e->kind == EV_SAMPLE && e->host < HOST_COUNT && j->l->hosts[e->host].gaps)
		gap_trouble(j, e->host, index);
	else if (e->kind == EV_CONNTRACK)
		j->settled_until = 0; /* which ends belong together may be known now */
	else if (e->kind == EV_TROUBLE)
		trouble(j, index, "%s", e->text);
	else if (e->kind == EV_PEER && e->peer.verb == PEER_EXITED)
		exit_trouble(j, e, index);
	else if (e->kind == EV_PEER && e->peer.verb == PEER_FAILED &&
	         !strcmp(e->peer.call, "command"))
		command_trouble(j, e, index);
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
	const struct step *st = judge_step(j);
	struct ruling r = judge_rule(j);

	if (*j->trouble)
		return;
	if (!st || e->step.index != j->step) {
		trouble(j, index, "step %u ends, which is not under way", e->step.index + 1);
		return;
	}
	if (!agrees(j, e, index, &r))
		return;
	judge_find(j, st, &r);
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
	else if (e->step.index != j->ended || judge_step(j))
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
	judge_watch(j, e->t_ns); /* what holds as the step begins holds from then on */
}

void judge_timeline(const struct scenario *s, const struct timeline *t, struct verdict *ret)
{
	struct judge *j = judge_new(s, &t->head);

	for (size_t i = 0; i < t->events.n; i++)
		judge_feed(j, &t->events.v[i], i);
	judge_verdict(j, ret);
	judge_free(j);
}
