/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One step after the other: it begins with its action (act.c), the judge rules on what it expects,
 * it ends. Nothing here waits: whatever is emitted comes back as on_advance(), time as
 * on_deadline().
 */
#include "runner.h"

#include "core/clock.h"
#include "run/channel.h"

#define READY_NS    (10 * NS_PER_S)
#define PROGRESS_NS (100 * NS_PER_MS)
#define IDLE_NS     (3 * NS_PER_S)

const struct step *runner_step(const struct runner *r)
{
	return r->step_began ? &r->scenario->steps.v[r->step] : NULL;
}

static void step_event(struct runner *r, enum step_phase phase)
{
	struct event e = {.kind = EV_STEP, .source = SRC_RUNNER, .host = ACTOR_LAB};

	e.step.index = r->step;
	e.step.phase = phase;
	runner_emit(r, &e);
}

static void wake_at(struct runner *r, uint64_t t_ns)
{
	uint64_t now = clock_now_ns();
	struct timeval tv = clock_timeval(t_ns > now ? t_ns - now : 0);

	event_add(r->deadline, &tv);
}

static void finish(struct runner *r)
{
	stream_catch_up(r);
	watch_final(r->watch);
	stream_check(r);
	r->over = 1;
	event_base_loopbreak(r->base);
}

/* ---- a step begins ---- */

/* An action waits out its `after` before it begins; an `expect` begins at once, and the judge
 * waits. */
static int too_early(struct runner *r, const struct step *s)
{
	uint64_t at = r->step_ended_ns + s->after_ns;

	if (s->action == DO_EXPECT || !s->has_after || clock_now_ns() >= at)
		return 0;
	wake_at(r, at);
	return 1;
}

static void begin(struct runner *r)
{
	const struct step *s = &r->scenario->steps.v[r->step];
	struct err err = {0};

	if (too_early(r, s))
		return;
	/* What an action changes was not so before: a bound for how long the old state lasted. */
	if (!r->bpf && s->action != DO_EXPECT)
		watch_sample(r->watch);
	r->step_began = 1;
	step_event(r, STEP_BEGIN);
	if (act(r, s, &err))
		runner_trouble(r, &err);
	watch_kick(r->watch);
}

/* ---- it is under way ---- */

static void tell_progress(struct runner *r, const struct ruling *x)
{
	uint64_t now = clock_now_ns();

	if (r->progress_step == r->step && now - r->progress_ns < PROGRESS_NS)
		return;
	r->progress_ns = now;
	r->progress_step = r->step;
	channel_say(
	        r->channel, SAYS_WAITS, "%llu %s", (unsigned long long)x->until_ns, x->waits_for);
}

/* A cell that waits long leaves its place to another (-j counts those at work). */
static void tell_idle(struct runner *r, int idle)
{
	if (idle == r->idle)
		return;
	r->idle = idle;
	channel_say(r->channel, idle ? SAYS_IDLE : SAYS_BUSY, "in step %u", r->step + 1);
}

static void end_step(struct runner *r, enum step_phase phase)
{
	event_del(r->deadline);
	tell_idle(r, 0);
	step_event(r, phase);
	r->step_began = 0;
	r->step_ended_ns = clock_now_ns();
	r->step++;
	if (phase == STEP_FAILS || r->step == r->scenario->steps.n)
		finish(r);
}

static void rule(struct runner *r)
{
	struct ruling x = judge_rule(r->judge);

	/* A program that died looks like a kernel that misbehaves until its end is known, and so
	 * does a wire that cannot keep up. What that end tells may be what was waited for. */
	if (x.kind == ANSWER_FAILS) {
		cast_reap(r->cast);
		link_check(r);
		x = judge_rule(r->judge);
	}
	switch (x.kind) {
	case ANSWER_HOLDS:
		end_step(r, STEP_HOLDS);
		break;
	case ANSWER_FAILS:
	case ANSWER_MISSING:
		end_step(r, STEP_FAILS);
		break;
	case ANSWER_UNDECIDED:
		wake_at(r, x.until_ns);
		tell_idle(r, x.until_ns > clock_now_ns() + IDLE_NS);
		tell_progress(r, &x);
		break;
	}
}

/* ---- the loop ---- */

/* Both peers are ready: the first step may begin. */
static int curtain_is_up(struct runner *r)
{
	if (r->acting)
		return 1;
	if (!cast_ready(r->cast))
		return 0;
	r->acting = 1;
	event_del(r->deadline);
	r->step_ended_ns = clock_now_ns();
	return 1;
}

/* One step forward at most for each call: what it emits calls us again. */
static void on_advance(evutil_socket_t fd, short what, void *arg)
{
	struct runner *r = arg;

	(void)fd;
	(void)what;
	if (r->over)
		return;
	if (!r->step_began && judge_rule(r->judge).kind == ANSWER_FAILS) /* the lab, or a peer */
		finish(r);
	else if (!curtain_is_up(r))
		return;
	else if (r->step_began)
		rule(r);
	else
		begin(r);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct runner *r = arg;
	struct event tick = {.kind = EV_TICK, .source = SRC_RUNNER, .host = ACTOR_LAB};
	struct err err;

	(void)fd;
	(void)what;
	if (!r->acting) {
		err_set(&err, ERR_LAB, "the peers did not get ready in %llu s",
		        READY_NS / NS_PER_S);
		runner_trouble(r, &err);
		return;
	}
	if (r->step_began)
		watch_sample(r->watch);
	runner_emit(r, &tick);
}

void steps_new(struct runner *r)
{
	r->advance = must(event_new(r->base, -1, EV_PERSIST, on_advance, r));
	r->deadline = must(evtimer_new(r->base, on_deadline, r));
}

void steps_await_peers(struct runner *r)
{
	wake_at(r, clock_now_ns() + READY_NS);
}
