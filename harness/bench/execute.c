/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread of a run: builds the lab, starts the workers, samples, stops them, adds up. */
#include "run.h"

#include "crew.h"
#include "earlier.h"
#include "lab.h"
#include "progress.h"
#include "remarks.h"
#include "still.h"
#include "stream.h"
#include "watch.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SAMPLE_NS (100 * NS_PER_MS)
#define DUMP_NS   NS_PER_S /* between two samples that take a dump of the sockets */
#define SETTLE_NS (2 * NS_PER_MS)
#define VAIN_NS   (10 * NS_PER_S)
#define N_TIMED   5
#define N_SIGNALS 2

struct run {
	const struct bench_config *config;
	struct bench_result *r;
	struct bench_lab lab;
	struct watch watch;
	struct bench_stream *stream; /* NULL: none */
	struct bench_progress progress;
	struct crew crew;
	struct event_base *base;
	struct event *events[N_TIMED + N_SIGNALS];
	int full_fd, done_fd;
	uint64_t start_ns;
	struct earlier earlier;
	uint64_t time_wait[2]; /* those of the run, when they were counted last */
	struct still still;
	struct rusage before;
	struct err late; /* what failed inside the loop */
};

static void totals(struct run *u, struct bench_sample *s)
{
	s->at_ns = clock_now_ns() - u->start_ns;
	crew_totals(&u->crew, s);
}

/*
 * The end begins: what is under way goes on, nothing new begins, and on_settle() looks when all is
 * still. Where no client is ours it is over at once.
 */
static void finish(struct run *u)
{
	struct timeval step = clock_timeval(SETTLE_NS);

	if (u->still.begun_ns)
		return;
	if (!u->crew.n_clients) {
		event_base_loopbreak(u->base);
		return;
	}
	still_begin(&u->still);
	crew_finish(&u->crew);
	event_add(u->events[3], &step);
}

static void keep_peak(struct bench_result *r, const uint64_t time_wait[2])
{
	for (int i = 0; i < 2; i++)
		if (time_wait[i] > r->peak_time_wait[i])
			r->peak_time_wait[i] = time_wait[i];
}

/*
 * And how long that takes: it must not depend on how many there are. Where it does, for there were
 * some before, they are counted for the samples that are kept.
 */
static int count_time_wait(struct run *u, struct bench_sample *s, int due)
{
	uint64_t start = clock_now_ns();

	if (due || !earlier_any(&u->earlier)) {
		if (earlier_count_others(&u->earlier, &u->watch, u->r, u->time_wait, &u->late))
			return -1;
		histogram_add(&u->r->counting, clock_now_ns() - start);
	}
	memcpy(s->time_wait, u->time_wait, sizeof s->time_wait);
	keep_peak(u->r, s->time_wait);
	return 0;
}

static int states(struct run *u, struct bench_sample *s)
{
	if (!u->stream)
		return watch_states(&u->watch, s, &u->late);
	bench_stream_states(u->stream, s);
	return 0;
}

/* --connections has no end of time; but where none succeeds at all, none will. */
static int is_in_vain(const struct bench_config *c, const struct bench_sample *s)
{
	return c->max_conns && !c->for_ns && !s->done && s->at_ns > VAIN_NS;
}

/* The last one is kept however soon it comes after the one before: it shows how all ended. */
static void sample(struct run *u, int last)
{
	struct bench_sample s = {0};
	int due;

	totals(u, &s);
	due = last || series_due(&u->r->series, s.at_ns);
	if ((u->config->observe != OBSERVE_NONE && count_time_wait(u, &s, due)) ||
	        (u->config->observe == OBSERVE_FULL && due && states(u, &s)))
		event_base_loopbreak(u->base);
	if (due)
		series_add(&u->r->series, &s);
	if (u->config->progress)
		progress_tick(&u->progress, &s, u->r);
	if (is_in_vain(u->config, &s))
		finish(u);
}

static void on_sample(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sample(arg, 0);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof n) == sizeof n)
		finish(arg);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct run *u = arg;

	(void)fd;
	(void)what;
	u->r->interrupted = 1;
	if (u->still.begun_ns) /* asked twice, or while the last ones were waited for */
		event_base_loopbreak(u->base);
	finish(u);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct run *u = arg;

	(void)fd;
	(void)what;
	if (still_reached(&u->still))
		event_base_loopbreak(u->base);
}

/* A worker met its first EADDRNOTAVAIL. */
static void on_full(evutil_socket_t fd, short what, void *arg)
{
	struct run *u = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof n) != sizeof n || u->r->full.at_ns)
		return;
	if (!crew_full(&u->crew, &u->r->full))
		return;
	if (watch_full(&u->watch, &u->r->full, &u->late))
		event_base_loopbreak(u->base);
	u->r->full.ports_all = u->lab.ports;
	if (u->config->stop_when_full)
		finish(u);
}

static int add_events(struct run *u, struct err *err)
{
	struct timeval step = clock_timeval(SAMPLE_NS), end = clock_timeval(u->config->for_ns);
	struct event **e = u->events;
	int failed = 0;

	e[0] = event_new(u->base, -1, EV_PERSIST, on_sample, u);
	e[1] = event_new(u->base, -1, 0, on_end, u);
	e[2] = event_new(u->base, u->full_fd, EV_READ | EV_PERSIST, on_full, u);
	e[3] = event_new(u->base, -1, EV_PERSIST, on_settle, u); /* added by finish() */
	e[4] = event_new(u->base, u->done_fd, EV_READ | EV_PERSIST, on_done, u);
	for (int i = 0; i < N_TIMED; i++) {
		if (!e[i])
			return err_set(err, ERR_LAB, "libevent takes no event");
		if (i != 3)
			failed |= event_add(e[i], i == 0                        ? &step
			                          : i == 1 && u->config->for_ns ? &end
			                                                        : NULL);
	}
	return failed ? err_set(err, ERR_LAB, "libevent takes no event") : 0;
}

/* Taken from the beginning, but delivered only when the workers, who inherit that, have started. */
static int add_signals(struct run *u, struct err *err)
{
	static const int signals[] = {SIGINT, SIGTERM};

	bench_signals(SIG_BLOCK);
	for (int i = 0; i < N_SIGNALS; i++) {
		struct event *e = evsignal_new(u->base, signals[i], on_signal, u);

		u->events[N_TIMED + i] = e;
		if (!e || event_add(e, NULL))
			return err_set(err, ERR_LAB, "libevent takes no signal");
	}
	return 0;
}

static int count_end(struct run *u, struct err *err)
{
	struct bench_sample counted = {0};

	totals(u, &counted);
	u->r->done_counted = counted.done;
	if (watch_counts(&u->watch, u->r->after, err) ||
	        earlier_count_others(&u->earlier, &u->watch, u->r, u->time_wait, err))
		return -1;
	for (int i = 0; i < 2; i++)
		u->r->after[i].time_wait = u->time_wait[i];
	keep_peak(u->r, u->time_wait);
	u->r->have_counts = 1;
	return 0;
}

static int count_begin(struct run *u, struct err *err)
{
	if (watch_counts(&u->watch, u->r->before, err) ||
	        earlier_begin(&u->earlier, &u->watch, u->r, err))
		return -1;
	if (earlier_any(&u->earlier))
		u->r->series.step_ns = DUMP_NS;
	still_init(&u->still, &u->crew, &u->watch, !u->config->against.family);
	return 0;
}

static int measure(struct run *u, struct err *err)
{
	if (crew_start(&u->crew, err) || count_begin(u, err) || add_events(u, err))
		return -1;
	bench_signals(SIG_UNBLOCK);
	/* The workers fill every CPU: sampling and ending in time needs precedence, where it is to
	 * be had. */
	(void)setpriority(PRIO_PROCESS, 0, -10);
	getrusage(RUSAGE_SELF, &u->before);
	u->start_ns = clock_now_ns();
	crew_go(&u->crew);
	if (event_base_dispatch(u->base) < 0)
		return err_set(err, ERR_LAB, "the loop failed");
	sample(u, 1);
	if (count_end(u, err))
		return -1;
	if (u->stream) {
		bench_stream_catch_up(u->stream); /* to the last connection's end */
		u->r->have_stays = 1;
		u->r->stream_lost = bench_stream_lost(u->stream);
	}
	if (u->late.kind != ERR_NONE)
		*err = u->late;
	return u->late.kind != ERR_NONE ? -1 : 0;
}

static void plan(struct run *u)
{
	struct utsname name;
	crew_plan(&u->crew, u->config, &u->lab, u->full_fd, u->done_fd, u->r);
	u->r->have_client = u->crew.n_clients > 0;
	u->r->have_server = u->crew.n_servers > 0;
	u->r->one_namespace = u->lab.space[SIDE_CLIENT] == u->lab.space[SIDE_SERVER];
	u->r->have_samples = u->config->observe != OBSERVE_NONE;
	u->r->ports = u->lab.ports;
	if (!uname(&name))
		snprintf(u->r->kernel, sizeof u->r->kernel, "%s %s", name.sysname, name.release);
}

static int set_stage(struct run *u, struct err *err)
{
	u->base = event_base_new();
	u->full_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!u->base || u->full_fd < 0 || u->done_fd < 0)
		return err_sys(err, "no event loop");
	if (add_signals(u, err) || bench_lab_open(&u->lab, u->config, u->r, err) ||
	        bench_lab_relay(&u->lab, u->base, err))
		return -1;
	plan(u);
	if (u->stream && bench_stream_begin(u->stream, &u->lab, u->r->pairs, u->r, u->base, err))
		return -1;
	return watch_open(&u->watch, &u->lab, err);
}

static void clear_stage(struct run *u)
{
	for (int i = 0; i < N_TIMED + N_SIGNALS; i++)
		if (u->events[i])
			event_free(u->events[i]);
	crew_free(&u->crew);
	if (u->stream)
		bench_stream_end(u->stream);
	earlier_free(&u->earlier);
	watch_close(&u->watch);
	bench_lab_close(&u->lab);
	if (u->base)
		event_base_free(u->base);
	if (u->full_fd >= 0)
		close(u->full_fd);
	if (u->done_fd >= 0)
		close(u->done_fd);
}

int bench_execute(const struct bench_config *c, struct bench_stream *stream,
        struct bench_result *ret, struct err *err)
{
	struct run u = {.config = c, .stream = stream, .r = ret, .full_fd = -1, .done_fd = -1};
	int failed;

	u.watch.sockstat[0] = u.watch.sockstat[1] = -1;
	u.watch.sockstat6[0] = u.watch.sockstat6[1] = -1;
	series_init(&ret->series, c->observe == OBSERVE_FULL && !stream ? DUMP_NS : SAMPLE_NS);
	progress_begin(&u.progress, c->progress ? c->label : "");
	failed = set_stage(&u, err) || measure(&u, err);
	crew_stop(&u.crew);
	crew_add_up(&u.crew, &u.before, ret);
	if (!failed)
		bench_remark(c, ret);
	if (c->progress)
		progress_end(&u.progress);
	bench_signals(SIG_BLOCK); /* libevent's handlers go with the stage */
	clear_stage(&u);
	return failed ? -1 : 0;
}
