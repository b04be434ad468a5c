/* SPDX-License-Identifier: BSD-2-Clause */
#include "slot.h"

#include "core/clock.h"
#include "core/cpus.h"
#include "expect/judge.h"
#include "run/channel.h"
#include "run/lacks.h"
#include "run/save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_NS (60 * NS_PER_S) /* beyond all deadlines of a scenario: then a cell is stuck */

static void decide(struct slot *s, enum verdict_kind kind, const char *why)
{
	s->verdict.kind = kind;
	snprintf(s->verdict.why, sizeof s->verdict.why, "%s", why);
}

/* ---- the end ---- */

/* The cell is gone after this; what it left stands in the order's files. */
static void take_down(struct slot *s)
{
	event_free(s->message);
	event_free(s->guard);
	cell_end(&s->cell);
	rings_give_back(s->config->rings, &s->order);
}

static void save(struct slot *s)
{
	struct err err = {0};

	if (s->config->out && save_run(s->config->out, s->plan, &s->order, &err))
		decide(s, VERDICT_ERROR, err.text);
}

static void over(struct slot *s)
{
	s->stage = SLOT_OVER;
	s->idle = 0;
	s->verdict.took_ns = clock_now_ns() - s->began_ns;
	take_down(s);
	save(s);
	s->config->changed(s->config->arg);
}

static void compare_verdicts(struct slot *s)
{
	const char *replay = verdict_names[s->verdict.kind];
	char why[256];

	if (!strcmp(s->said, replay))
		return;
	snprintf(why, sizeof why, "the verdict was %s, but a replay of the same timeline says %s",
	        s->said, replay);
	decide(s, VERDICT_ERROR, why);
}

/* The timeline that the runner left, judged as a replay would. */
static void judge_again(struct slot *s)
{
	struct err err = {0};
	FILE *f = NULL;

	if (lseek(s->order.timeline, 0, SEEK_SET) == 0)
		f = fdopen(dup(s->order.timeline), "r");
	if (!f || timeline_read(f, "timeline", &s->timeline, &err)) {
		decide(s, VERDICT_ERROR, err.kind ? err.text : "the timeline cannot be read back");
	} else {
		judge_timeline(s->plan->scenario, &s->timeline, &s->verdict);
		compare_verdicts(s);
	}
	if (f)
		fclose(f);
}

/* ---- what the runner says ---- */

/* "UNTIL_NS WORDS" */
static void hear_waits(struct slot *s, const char *text)
{
	char *rest;

	s->waits_until_ns = strtoull(text, &rest, 10);
	snprintf(s->waits, sizeof s->waits, "%s", rest + (*rest == ' '));
}

static void hear(struct slot *s, const struct message *m)
{
	switch (m->says) {
	case SAYS_WAITS:
		hear_waits(s, m->text);
		return;
	case SAYS_IDLE:
	case SAYS_BUSY:
		s->idle = m->says == SAYS_IDLE;
		s->config->changed(s->config->arg);
		return;
	case SAYS_MISSING:
		decide(s, VERDICT_SKIP, m->text);
		break;
	case SAYS_BROKEN:
		decide(s, VERDICT_ERROR, m->text);
		break;
	case SAYS_DONE:
		snprintf(s->said, sizeof s->said, "%.60s", m->text);
		judge_again(s);
		break;
	}
	over(s);
}

static void on_message(evutil_socket_t fd, short what, void *arg)
{
	struct slot *s = arg;
	struct message m;

	(void)what;
	switch (channel_hear(fd, &m)) {
	case 0:
		return;
	case 1:
		hear(s, &m);
		return;
	}
	decide(s, VERDICT_ERROR, "the runner of the cell died");
	over(s);
}

static void on_guard(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	decide(arg, VERDICT_ERROR, "the cell is stuck: it went on long after its last deadline");
	over(arg);
}

/* ---- the beginning ---- */

static int write_order(struct slot *s, size_t number, struct err *err)
{
	const struct slot_config *c = s->config;

	s->order = (struct run_order){
	        .scenario = s->plan->scenario,
	        .family = s->plan->family,
	        .seed = c->seed + number,
	        .cpu = (int)cpus_nth(number),
	        .peers_dir = c->peers_dir,
	        .set = c->set,
	        .n_set = c->n_set,
	        .options = c->options,
	        .timeline = memfd_create("timeline", MFD_CLOEXEC),
	        .capture = c->out ? memfd_create("capture", MFD_CLOEXEC) : -1,
	};
	if (s->order.timeline < 0 || (c->out && s->order.capture < 0))
		return err_sys(err, "memory for a timeline");
	return rings_take(c->rings, &s->order, err);
}

static void watch_cell(struct slot *s)
{
	struct event_base *base = s->config->base;
	struct timeval guard =
	        clock_timeval(judge_longest_ns(s->plan->scenario, clock_hz()) + GUARD_NS);

	s->message = must(event_new(base, s->cell.channel, EV_READ | EV_PERSIST, on_message, s));
	s->guard = must(evtimer_new(base, on_guard, s));
	event_add(s->message, NULL);
	event_add(s->guard, &guard);
}

/* Here a cell starts: run.c goes on in it. */
static int launch(struct slot *s, size_t number, struct err *err)
{
	if (write_order(s, number, err))
		return -1;
	if (cell_spawn(&s->cell, run_in_cell, &s->order, err)) {
		rings_give_back(s->config->rings, &s->order);
		return -1;
	}
	watch_cell(s);
	return 0;
}

void slot_start(struct slot *s, const struct slot_config *c, const struct plan *p, size_t number)
{
	struct err err = {0};

	s->config = c;
	s->plan = p;
	s->stage = SLOT_OVER;
	s->order.timeline = s->order.capture = -1;
	s->began_ns = clock_now_ns();
	if (lacks(p->scenario, &err))
		decide(s, err.kind == ERR_LAB ? VERDICT_ERROR : VERDICT_SKIP, err.text);
	else if (launch(s, number, &err))
		decide(s, err.kind == ERR_MISSING ? VERDICT_SKIP : VERDICT_ERROR, err.text);
	else
		s->stage = SLOT_RUNNING;
}

void slot_abandon(struct slot *s)
{
	take_down(s);
	s->stage = SLOT_OVER;
}

void slot_free(struct slot *s)
{
	timeline_free(&s->timeline);
	verdict_free(&s->verdict);
	if (s->order.timeline >= 0)
		close(s->order.timeline);
	if (s->order.capture >= 0)
		close(s->order.capture);
	s->order.timeline = s->order.capture = -1;
}
