/* SPDX-License-Identifier: BSD-2-Clause */
/* Which runs are under way (slot.c), and which verdicts are next. */
#include "controller.h"

#include "core/clock.h"
#include "netns/packet.h"
#include "run/progress.h"
#include "run/rings.h"
#include "run/slot.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define REFRESH_NS (100 * NS_PER_MS)

struct controller {
	const struct controller_config *config;
	struct event_base *base;
	struct slot_config common;
	struct slot *slots;
	size_t started, ended;
	size_t reported; /* in order, the first so many */
	size_t running;  /* of the started */
	size_t at_work;  /* of these: they do not wait long */
	struct event *signals, *refresh;
	int signal_fd;
	struct rings rings;
	char peers_dir[512];
	int interrupted;
	struct progress progress;
};

/* ---- verdicts ---- */

static void report(
        struct controller *c, struct slot *s, void (*tell)(void *arg, const struct outcome *o))
{
	const struct plan *p = s->plan;
	struct outcome o = {
	        .scenario = p->scenario,
	        .timeline = s->timeline.events.n ? &s->timeline : NULL,
	        .verdict = &s->verdict,
	};
	char again[24] = "";

	if (p->repeat)
		snprintf(again, sizeof again, " #%u", p->repeat);
	snprintf(o.title, sizeof o.title, "%s IPv%u%s", p->scenario->name, p->family, again);
	tell(c->config->arg, &o);
}

static void report_ended(struct controller *c)
{
	for (size_t i = c->reported; i < c->started; i++) {
		struct slot *s = &c->slots[i];

		if (s->stage != SLOT_OVER || s->told)
			continue;
		s->told = 1;
		c->ended++;
		report(c, s, c->config->ended);
	}
}

/* Those that are over, up to the first one that is not. */
static void report_in_order(struct controller *c)
{
	for (; c->reported < c->started; c->reported++) {
		struct slot *s = &c->slots[c->reported];

		if (s->stage != SLOT_OVER)
			return;
		report(c, s, c->config->in_order);
		slot_free(s);
	}
}

static void report_all(struct controller *c)
{
	progress_clear(&c->progress);
	report_ended(c);
	report_in_order(c);
}

/*
 * After an interruption. Cells that are under way end without a verdict; those behind the first of
 * them still have theirs.
 */
static void abandon(struct controller *c)
{
	report_all(c);
	for (size_t i = c->reported; i < c->started; i++) {
		struct slot *s = &c->slots[i];

		if (s->stage == SLOT_OVER)
			report(c, s, c->config->in_order);
		else
			slot_abandon(s);
		slot_free(s);
	}
}

/* ---- runs ---- */

static void count(struct controller *c, const struct slot *s)
{
	c->running += s->stage == SLOT_RUNNING;
	c->at_work += s->stage == SLOT_RUNNING && !s->idle;
}

static void start_next(struct controller *c)
{
	size_t n = c->started++;

	slot_start(&c->slots[n], &c->common, &c->config->plans[n], n);
	count(c, &c->slots[n]);
}

static void start_some(struct controller *c)
{
	c->running = c->at_work = 0;
	for (size_t i = c->reported; i < c->started; i++)
		count(c, &c->slots[i]);
	while (c->at_work < c->config->jobs && c->running < MOST_CELLS && c->started < c->config->n)
		start_next(c);
	report_all(c);
}

static void on_changed(void *arg)
{
	struct controller *c = arg;

	report_all(c);
	start_some(c);
	if (!c->running)
		event_base_loopbreak(c->base);
}

/* ---- the progress line ---- */

/* The one that has run longest is what one waits for. */
static const struct slot *longest_running(const struct controller *c)
{
	const struct slot *longest = NULL;

	for (size_t i = c->reported; i < c->started; i++) {
		const struct slot *s = &c->slots[i];

		if (s->stage == SLOT_RUNNING && *s->waits &&
		        (!longest || s->began_ns < longest->began_ns))
			longest = s;
	}
	return longest;
}

/* What it is about, without its folder: a line has little room. */
static const char *short_name(const struct slot *s)
{
	const char *slash = strrchr(s->plan->scenario->name, '/');

	return slash ? slash + 1 : s->plan->scenario->name;
}

static void show_progress(struct controller *c, const struct slot *s)
{
	uint64_t now = clock_now_ns();
	uint64_t left = s->waits_until_ns > now ? s->waits_until_ns - now : 0;

	progress_show(&c->progress, "%zu of %zu done; at most %llu s for %s: %s", c->ended,
	        c->config->n, (unsigned long long)(left / NS_PER_S + 1), short_name(s), s->waits);
}

static void on_refresh(evutil_socket_t fd, short what, void *arg)
{
	struct controller *c = arg;
	const struct slot *s = longest_running(c);

	(void)fd;
	(void)what;
	if (s)
		show_progress(c, s);
	else
		progress_clear(&c->progress);
}

static void refresh(struct controller *c)
{
	struct timeval tv = clock_timeval(REFRESH_NS);

	c->refresh = must(event_new(c->base, -1, EV_PERSIST, on_refresh, c));
	if (c->config->progress)
		event_add(c->refresh, &tv);
}

/* ---- interruption ---- */

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct controller *c = arg;

	(void)fd;
	(void)what;
	c->interrupted = 1;
	event_base_loopbreak(c->base);
}

/*
 * By a descriptor, not by handlers: libevent's handlers are one set a process, and the runners,
 * which are forks of this one, have loops of their own.
 */
static int watch_signals(struct controller *c, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signal_fd < 0)
		return err_sys(err, "signalfd");
	c->signals = must(event_new(c->base, c->signal_fd, EV_READ | EV_PERSIST, on_signal, c));
	event_add(c->signals, NULL);
	return 0;
}

/* ---- all of it ---- */

static int find_peers(struct controller *c, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", c->peers_dir, sizeof c->peers_dir - 1);
	char path[600];

	if (n < 0)
		return err_sys(err, "/proc/self/exe");
	c->peers_dir[n] = 0;
	*strrchr(c->peers_dir, '/') = 0;
	snprintf(path, sizeof path, "%s/lastack-server", c->peers_dir);
	if (access(path, X_OK))
		return err_sys(err, "%s", path);
	return 0;
}

static int open_rings(struct controller *c, struct err *err)
{
	struct err why = {0};
	char text[1200];

	if (rings_open(&c->rings, c->config->observers, &why)) {
		*err = why;
		return -1;
	}
	if (!why.kind)
		return 0;
	snprintf(text, sizeof text, "transitions come from looks at the sockets; %s", why.text);
	c->config->note(c->config->arg, text);
	return 0;
}

static void init(struct controller *c)
{
	c->base = must(event_base_new());
	c->slots = must(calloc(c->config->n + 1, sizeof *c->slots));
	c->common = (struct slot_config){
	        .base = c->base,
	        .rings = &c->rings,
	        .seed = c->config->seed,
	        .out = c->config->out,
	        .peers_dir = c->peers_dir,
	        .set = c->config->set,
	        .n_set = c->config->n_set,
	        .options = c->config->options,
	        .changed = on_changed,
	        .arg = c,
	};
	refresh(c);
}

static void release(struct controller *c)
{
	event_free(c->refresh);
	event_base_free(c->base);
	rings_close(&c->rings);
	free(c->slots);
}

int controller_run(const struct controller_config *config, struct err *err)
{
	struct controller c = {.config = config};
	int r = -1;

	if (wire_device_check(err) || find_peers(&c, err) || open_rings(&c, err))
		return -1;
	init(&c);
	if (!watch_signals(&c, err)) {
		start_some(&c);
		if (c.running)
			event_base_dispatch(c.base);
		abandon(&c);
		event_free(c.signals);
		close(c.signal_fd);
		r = c.interrupted;
	}
	release(&c);
	return r;
}
