/* SPDX-License-Identifier: BSD-2-Clause */
#include "controller.h"

#include "core/clock.h"
#include "core/wheel.h"
#include "expect/judge.h"
#include "model/nft_rule.h"
#include "netns/cell.h"
#include "netns/nft_rules.h"
#include "observe/bpf.h"
#include "observe/capability_probe.h"
#include "run/save.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUARD_NS   (60 * NS_PER_S) /* beyond all deadlines of a scenario: then a cell is stuck */
#define MOST_CELLS 512
#define REFRESH_NS (100 * NS_PER_MS)

enum stage { WAITING, RUNNING, OVER };

/* One plan on its way. */
struct slot {
	struct controller *c;
	const struct plan *plan;
	enum stage stage;
	struct run_order order;
	struct cell_process cell;
	struct event *message, *guard;
	uint64_t began_ns;
	char waits[320];
	char said[64]; /* the runner's own verdict */
	struct timeline timeline;
	struct verdict verdict;
	int idle;
};

struct controller {
	const struct controller_config *config;
	struct event_base *base;
	struct slot *slots;
	size_t started, reported, running, idle;
	struct event *signals, *refresh;
	int signal_fd;
	struct bpf_observer *bpf;
	char taken[MOST_CELLS]; /* slots of that observer */
	char peers_dir[512];
	int interrupted;
	char progress[512]; /* as it stands on the terminal now, "" nothing */
};

/* ---- the progress line ---- */

static void clear_progress(struct controller *c)
{
	if (*c->progress)
		fputs("\r\033[K", stderr);
	*c->progress = 0;
}

static size_t columns(void)
{
	struct winsize w;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &w) && w.ws_col > 1 ? w.ws_col - 1u : 79;
}

static void show_progress(struct controller *c, const struct slot *s)
{
	char text[sizeof c->progress];
	size_t width = columns();

	snprintf(text, sizeof text, "%zu of %zu done, %zu running: %s %s", c->reported,
	        c->config->n, c->running, s->plan->scenario->name, s->waits);
	if (width < sizeof text)
		text[width] = 0;
	if (!strcmp(text, c->progress))
		return;
	strcpy(c->progress, text);
	fprintf(stderr, "\r\033[K%s", text);
	fflush(stderr);
}

/* The one that has run longest is what one waits for. */
static void on_refresh(evutil_socket_t fd, short what, void *arg)
{
	struct controller *c = arg;
	const struct slot *longest = NULL;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < c->started; i++)
		if (c->slots[i].stage == RUNNING && *c->slots[i].waits &&
		        (!longest || c->slots[i].began_ns < longest->began_ns))
			longest = &c->slots[i];
	if (longest)
		show_progress(c, longest);
	else
		clear_progress(c);
}

/* ---- the end of a run ---- */

static void decide(struct slot *s, enum verdict_kind kind, const char *why)
{
	s->verdict.kind = kind;
	snprintf(s->verdict.why, sizeof s->verdict.why, "%s", why);
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
		if (strcmp(s->said, verdict_names[s->verdict.kind])) {
			char why[256];

			snprintf(why, sizeof why,
			        "the verdict was %s, but a replay of the same timeline says %s",
			        s->said, verdict_names[s->verdict.kind]);
			decide(s, VERDICT_ERROR, why);
		}
	}
	if (f)
		fclose(f);
}

static void report(struct slot *s)
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
	s->c->config->outcome(s->c->config->arg, &o, s->c->reported + 1);
}

static void slot_free(struct slot *s)
{
	timeline_free(&s->timeline);
	verdict_free(&s->verdict);
	if (s->order.timeline >= 0)
		close(s->order.timeline);
	if (s->order.capture >= 0)
		close(s->order.capture);
	s->order.timeline = s->order.capture = -1;
}

/* Those that are over, up to the first one that is not. */
static void report_in_order(struct controller *c)
{
	clear_progress(c);
	while (c->reported < c->started && c->slots[c->reported].stage == OVER) {
		report(&c->slots[c->reported]);
		slot_free(&c->slots[c->reported]);
		c->reported++;
	}
}

static void start_some(struct controller *c);

static void save_slot(struct slot *s)
{
	struct err err = {0};

	if (s->c->config->out && !s->c->interrupted &&
	        save_run(s->c->config->out, s->plan, &s->order, &err))
		decide(s, VERDICT_ERROR, err.text);
}

static void give_ring_back(struct slot *s);

static void set_idle(struct slot *s, int idle)
{
	s->c->idle = s->c->idle + (size_t)idle - (size_t)s->idle;
	s->idle = idle;
}

static void over(struct slot *s)
{
	struct controller *c = s->c;

	s->stage = OVER;
	set_idle(s, 0);
	s->verdict.took_ns = clock_now_ns() - s->began_ns;
	event_free(s->message);
	event_free(s->guard);
	cell_end(&s->cell);
	give_ring_back(s);
	c->running--;
	save_slot(s);
	report_in_order(c);
	if (!c->interrupted)
		start_some(c);
	if (!c->running)
		event_base_loopbreak(c->base);
}

/* ---- what a runner says ---- */

static void runner_died(struct slot *s)
{
	decide(s, VERDICT_ERROR, "the runner of the cell died");
	over(s);
}

static void on_message(evutil_socket_t fd, short what, void *arg)
{
	struct slot *s = arg;
	char text[1200];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		runner_died(s);
		return;
	}
	text[n] = 0;
	if (!strncmp(text, "waits ", 6)) {
		snprintf(s->waits, sizeof s->waits, "%s", text);
		return;
	}
	if (!strcmp(text, "idle") || !strcmp(text, "busy")) {
		set_idle(s, *text == 'i');
		start_some(s->c);
		return;
	}
	if (!strncmp(text, "missing ", 8))
		decide(s, VERDICT_SKIP, text + 8);
	else if (!strncmp(text, "broken ", 7))
		decide(s, VERDICT_ERROR, text + 7);
	else if (!strncmp(text, "done ", 5)) {
		snprintf(s->said, sizeof s->said, "%.60s", text + 5);
		judge_again(s);
	}
	over(s);
}

static void on_guard(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	decide(arg, VERDICT_ERROR, "the cell is stuck: it went on long after its last deadline");
	over(arg);
}

/* ---- the beginning of a run ---- */

static uint64_t longest_ns(const struct scenario *s)
{
	uint64_t sum = GUARD_NS;

	array_each (struct step, x, &s->steps) {
		sum += x->after_ns + x->within_ns + x->for_ns;
		if (x->rate > 0)
			sum += (uint64_t)(x->count / x->rate * 1e9);
		sum += wheel_granule_ns(x->after_ns, clock_hz());
	}
	return sum;
}

static int lacks_one(struct slot *s, const char *name)
{
	struct err why = {0};
	char text[1200];

	if (capability_have(name, &why))
		return 0;
	snprintf(text, sizeof text, "needs %s: %s", name, why.text);
	decide(s, VERDICT_SKIP, text);
	return 1;
}

/* A scenario that was forced onto a veth may have rules for which there is only the wire. */
static int lacks_wire(struct slot *s)
{
	const struct scenario *c = s->plan->scenario;
	char text[512];

	if (scenario_link(c) != LINK_VETH ||
	        !(nft_rules_concern(c, HOST_CLIENT) || nft_rules_concern(c, HOST_SERVER)))
		return 0;
	array_each (struct wire_rule, w, &c->rules) {
		const char *why = nft_rule_fault(c, w);

		if (!why)
			continue;
		snprintf(text, sizeof text, "needs link: wire for '%s': nft cannot do it: %s",
		        w->text, why);
		decide(s, VERDICT_SKIP, text);
		return 1;
	}
	return lacks_one(s, "nft");
}

static int lacks(struct slot *s)
{
	if (lacks_wire(s))
		return 1;
	if (scenario_tracks(s->plan->scenario) && (lacks_one(s, "nft") || lacks_one(s, "conntrack")))
		return 1;
	array_each (char *, name, &s->plan->scenario->needs)
		if (lacks_one(s, *name))
			return 1;
	return 0;
}

/* A ring that no cell has now. */
static int take_ring(struct slot *s, struct err *err)
{
	struct controller *c = s->c;
	unsigned n = 0;

	if (!c->bpf)
		return 0;
	while (c->taken[n])
		n++;
	if (bpf_observer_slot(c->bpf, n, err))
		return -1;
	c->taken[n] = 1;
	s->order.bpf = c->bpf;
	s->order.slot = n;
	return 0;
}

static void give_ring_back(struct slot *s)
{
	if (!s->order.bpf)
		return;
	bpf_observer_release(s->c->bpf, s->order.slot);
	s->c->taken[s->order.slot] = 0;
}

static int launch(struct slot *s, struct err *err)
{
	struct controller *c = s->c;
	struct timeval guard = clock_timeval(longest_ns(s->plan->scenario));
	size_t number = (size_t)(s - c->slots);

	s->order = (struct run_order){
	        .scenario = s->plan->scenario,
	        .family = s->plan->family,
	        .seed = c->config->seed + number,
	        .cpu = (int)(number % (size_t)sysconf(_SC_NPROCESSORS_ONLN)),
	        .peers_dir = c->peers_dir,
	        .timeline = memfd_create("timeline", MFD_CLOEXEC),
	        .capture = c->config->out ? memfd_create("capture", MFD_CLOEXEC) : -1,
	};
	if (s->order.timeline < 0 || (c->config->out && s->order.capture < 0))
		return err_sys(err, "memory for a timeline");
	if (take_ring(s, err))
		return -1;
	s->began_ns = clock_now_ns();
	if (cell_spawn(&s->cell, run_in_cell, &s->order, err))
		return -1;
	s->message = must(event_new(c->base, s->cell.channel, EV_READ | EV_PERSIST, on_message, s));
	s->guard = must(evtimer_new(c->base, on_guard, s));
	event_add(s->message, NULL);
	event_add(s->guard, &guard);
	return 0;
}

static void start(struct slot *s)
{
	struct err err = {0};

	s->stage = RUNNING;
	s->order.timeline = s->order.capture = -1;
	if (!lacks(s) && !launch(s, &err)) {
		s->c->running++;
		return;
	}
	if (err.kind)
		decide(s, err.kind == ERR_MISSING ? VERDICT_SKIP : VERDICT_ERROR, err.text);
	s->stage = OVER;
}

static void start_some(struct controller *c)
{
	while (c->running - c->idle < c->config->jobs && c->running < MOST_CELLS &&
	        c->started < c->config->n) {
		struct slot *s = &c->slots[c->started];

		s->c = c;
		s->plan = &c->config->plans[c->started++];
		start(s);
	}
	report_in_order(c);
}

/* ---- all of it ---- */

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct controller *c = arg;

	(void)fd;
	(void)what;
	c->interrupted = 1;
	event_base_loopbreak(c->base);
}

/* Cells that are under way end without a verdict; those behind the first of them still have theirs.
 */
static void abandon(struct controller *c)
{
	clear_progress(c);
	for (size_t i = c->reported; i < c->started; i++) {
		struct slot *s = &c->slots[i];

		if (s->stage == OVER) {
			report(s);
			c->reported++;
		} else {
			event_free(s->message);
			event_free(s->guard);
			cell_end(&s->cell);
		}
		slot_free(s);
	}
}

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

static void refresh(struct controller *c)
{
	struct timeval tv = clock_timeval(REFRESH_NS);

	c->refresh = must(event_new(c->base, -1, EV_PERSIST, on_refresh, c));
	if (c->config->progress)
		event_add(c->refresh, &tv);
}

/* Transitions without the ends of TIME_WAIT would be judged as if these had not been. */
static struct bpf_observer *whole_bpf(struct err *why)
{
	struct bpf_observer *o = bpf_observer_new(NULL, why);
	char refused[256];

	if (!o || bpf_observer_times_timewait(o))
		return o;
	err_set(why, ERR_MISSING, "bpf: this kernel refused %s",
	        bpf_observer_refused(o, refused, sizeof refused));
	bpf_observer_free(o);
	return NULL;
}

static int have_bpf(struct controller *c, struct err *err)
{
	struct err why = {0};
	char text[1200];

	if (c->config->observers == OBSERVE_POLL)
		return 0;
	c->bpf = whole_bpf(&why);
	if (c->bpf)
		return 0;
	if (c->config->observers != OBSERVE_AUTO) {
		*err = why;
		return -1;
	}
	snprintf(text, sizeof text, "transitions come from looks at the sockets; %s", why.text);
	c->config->note(c->config->arg, text);
	return 0;
}

int controller_run(const struct controller_config *config, struct err *err)
{
	struct controller c = {.config = config};
	int r;

	if (find_peers(&c, err) || have_bpf(&c, err))
		return -1;
	c.base = must(event_base_new());
	c.slots = must(calloc(config->n + 1, sizeof *c.slots));
	refresh(&c);
	if (watch_signals(&c, err)) {
		r = -1;
	} else {
		start_some(&c);
		if (c.running)
			event_base_dispatch(c.base);
		abandon(&c);
		event_free(c.signals);
		close(c.signal_fd);
		r = c.interrupted;
	}
	event_free(c.refresh);
	event_base_free(c.base);
	bpf_observer_free(c.bpf);
	free(c.slots);
	return r;
}
