/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread of a run: starts the workers, samples, stops them, adds up. */
#include "run.h"

#include "lab.h"
#include "limits.h"
#include "progress.h"
#include "watch.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SAMPLE_NS (100 * NS_PER_MS)
#define STATES_NS NS_PER_S /* between two dumps (OBSERVE_FULL) */
#define READY_S   20
#define N_EVENTS  5 /* three, and two signals */

struct run {
	const struct bench_config *config;
	struct bench_result *r;
	struct bench_lab lab;
	struct watch watch;
	struct progress progress;
	struct event_base *base;
	struct event *events[N_EVENTS];
	struct worker *workers; /* servers, then clients */
	unsigned n_servers, n_clients;
	int full_fd;
	sem_t ready;
	uint64_t start_ns;
	struct rusage process;
	struct err late; /* what failed inside the loop */
};

static struct worker *clients(struct run *u)
{
	return u->workers + u->n_servers;
}

static void totals(struct run *u, struct bench_sample *s)
{
	s->at_ns = clock_now_ns() - u->start_ns;
	for (unsigned i = 0; i < u->n_clients; i++) {
		const struct live *l = &clients(u)[i].live;

		s->done += live_read(&l->done);
		s->errors += live_read(&l->errors);
	}
	for (unsigned i = 0; !u->n_clients && i < u->n_servers; i++) {
		s->done += live_read(&u->workers[i].live.started);
		s->errors += live_read(&u->workers[i].live.errors);
	}
}

static void keep_peak(struct bench_result *r, const uint64_t time_wait[2])
{
	for (int i = 0; i < 2; i++)
		if (time_wait[i] > r->peak_time_wait[i])
			r->peak_time_wait[i] = time_wait[i];
}

/* And how long that takes: it must not depend on how many there are. */
static void count_time_wait(struct run *u, struct bench_sample *s)
{
	uint64_t start = clock_now_ns();

	for (int i = 0; i < 2; i++)
		s->time_wait[i] = watch_time_wait(&u->watch, (enum bench_side)i);
	histogram_add(&u->r->counting, clock_now_ns() - start);
	keep_peak(u->r, s->time_wait);
}

static void sample(struct run *u)
{
	struct bench_sample s = {0};

	totals(u, &s);
	if (u->config->observe != OBSERVE_NONE)
		count_time_wait(u, &s);
	if (u->config->observe == OBSERVE_FULL && series_due(&u->r->series, s.at_ns) &&
	        watch_states(&u->watch, &s, &u->late))
		event_base_loopbreak(u->base);
	if (series_due(&u->r->series, s.at_ns))
		series_add(&u->r->series, &s);
	if (u->config->progress)
		progress_tick(&u->progress, &s);
	if (u->config->max_conns && s.done >= u->config->max_conns)
		event_base_loopbreak(u->base);
}

static void on_sample(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sample(arg);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct run *u = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(u->base);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct run *u = arg;

	(void)fd;
	(void)what;
	u->r->interrupted = 1;
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
	for (unsigned i = 0; i < u->n_clients; i++) {
		const struct bench_full *f = &clients(u)[i].full;

		if (__atomic_load_n(&clients(u)[i].full_known, __ATOMIC_ACQUIRE) &&
		        (!u->r->full.at_ns || f->at_ns < u->r->full.at_ns))
			u->r->full = *f;
	}
	if (watch_full(&u->watch, &u->r->full, &u->late))
		event_base_loopbreak(u->base);
	u->r->full.ports_all = u->lab.port_hi - u->lab.port_lo + 1;
	if (u->config->stop_when_full)
		event_base_loopbreak(u->base);
}

static int add_events(struct run *u, struct err *err)
{
	struct timeval step = clock_timeval(SAMPLE_NS), end = clock_timeval(u->config->for_ns);
	struct event **e = u->events;
	int failed = 0;

	e[0] = event_new(u->base, -1, EV_PERSIST, on_sample, u);
	e[1] = event_new(u->base, -1, 0, on_end, u);
	e[2] = event_new(u->base, u->full_fd, EV_READ | EV_PERSIST, on_full, u);
	for (int i = 0; i < 3; i++) {
		if (!e[i])
			return err_set(err, ERR_LAB, "libevent takes no event");
		failed |= event_add(e[i], i == 0 ? &step : i == 1 ? &end : NULL);
	}
	return failed ? err_set(err, ERR_LAB, "libevent takes no event") : 0;
}

/* Taken from the beginning, but delivered only when the workers, who inherit that, have started. */
static int add_signals(struct run *u, struct err *err)
{
	static const int signals[] = {SIGINT, SIGTERM};

	bench_signals(SIG_BLOCK);
	for (int i = 0; i < 2; i++) {
		struct event *e = evsignal_new(u->base, signals[i], on_signal, u);

		u->events[3 + i] = e;
		if (!e || event_add(e, NULL))
			return err_set(err, ERR_LAB, "libevent takes no signal");
	}
	return 0;
}

static const struct engine *choose_engine(const struct bench_config *c, struct bench_result *r)
{
	const char *why;

	if (strcmp(c->engine, "ring"))
		return &engine_event;
	why = engine_ring.missing(c);
	if (!why)
		return &engine_ring;
	bench_note(r, "engine event instead of ring: %s", why);
	return &engine_event;
}

static void plan_worker(struct run *u, unsigned n, const struct engine *e, unsigned cpu)
{
	struct worker *w = &u->workers[n];
	unsigned pair = n < u->n_servers ? n : n - u->n_servers;
	struct endpoint to = u->lab.to;

	if (!u->config->against.family && !u->config->serve.family)
		to.port = (uint16_t)(to.port + pair);
	w->config = u->config;
	w->engine = e;
	w->side = n < u->n_servers ? SIDE_SERVER : SIDE_CLIENT;
	w->index = pair;
	w->pairs = u->r->pairs;
	w->flows = u->r->flows;
	w->cpu = cpu;
	w->netns = u->lab.space[w->side];
	w->full_fd = u->full_fd;
	w->ready = &u->ready;
	targets_init(&w->targets, u->config, u->lab.have_from ? &u->lab.from : NULL, &to,
	        u->lab.port_lo, u->lab.port_hi);
}

static int plan(struct run *u, struct err *err)
{
	const struct engine *e = choose_engine(u->config, u->r);
	unsigned cpus[BENCH_MAX_PAIRS], n = limits_cpus(cpus, BENCH_MAX_PAIRS);

	u->r->engine = e->name;
	u->r->pairs = u->config->pairs ? u->config->pairs : n;
	u->r->flows = limits_flows(u->config->flows, u->r);
	u->n_clients = u->config->serve.family ? 0 : u->r->pairs;
	u->n_servers = u->config->against.family ? 0 : u->r->pairs;
	u->r->have_client = u->n_clients > 0;
	u->r->have_server = u->n_servers > 0;
	u->r->port_lo = u->lab.port_lo;
	u->r->port_hi = u->lab.port_hi;
	u->workers = must(aligned_alloc(128, (u->n_servers + u->n_clients) * sizeof *u->workers));
	memset(u->workers, 0, (u->n_servers + u->n_clients) * sizeof *u->workers);
	for (unsigned i = 0; i < u->n_servers + u->n_clients; i++)
		plan_worker(u, i, e, cpus[(i < u->n_servers ? i : i - u->n_servers) % n]);
	u->full_fd = u->full_fd < 0 ? err_sys(err, "eventfd") : u->full_fd;
	return u->full_fd < 0 ? -1 : 0;
}

/* Servers first: a client must find its port open. */
static int start(struct run *u, unsigned from, unsigned to, struct err *err)
{
	uint64_t until_ns = clock_now_ns() + READY_S * NS_PER_S;
	struct timespec until = {(time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S)};

	for (unsigned i = from; i < to; i++)
		if (worker_start(&u->workers[i], err))
			return -1;
	for (unsigned i = from; i < to; i++)
		while (sem_clockwait(&u->ready, CLOCK_MONOTONIC, &until))
			if (errno != EINTR)
				return err_sys(err, "the workers don't get ready");
	for (unsigned i = from; i < to; i++)
		if (u->workers[i].err.kind != ERR_NONE) {
			*err = u->workers[i].err;
			return -1;
		}
	return 0;
}

static void tell(struct run *u, unsigned from, unsigned to, int end)
{
	for (unsigned i = from; i < to; i++)
		worker_tell(&u->workers[i], end);
}

/* All workers end; clients first, so that a server's end isn't taken for the network's. */
static void stop(struct run *u)
{
	unsigned n = u->n_servers + u->n_clients;

	if (!u->workers)
		return;
	for (unsigned i = 0; i < u->n_servers; i++)
		worker_ending(&u->workers[i]);
	tell(u, u->n_servers, n, 1);
	for (unsigned i = u->n_servers; i < n; i++)
		worker_join(&u->workers[i]);
	tell(u, 0, u->n_servers, 1);
	for (unsigned i = 0; i < u->n_servers; i++)
		worker_join(&u->workers[i]);
}

static uint64_t tv_ns(struct timeval from, struct timeval to)
{
	int64_t us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_usec - from.tv_usec);

	return us > 0 ? (uint64_t)us * 1000 : 0;
}

static void add_cpu(struct bench_cpu *c, const struct rusage *from, const struct rusage *to)
{
	c->user_ns += tv_ns(from->ru_utime, to->ru_utime);
	c->system_ns += tv_ns(from->ru_stime, to->ru_stime);
}

static void add_errors(struct bench_errors *into, const struct bench_errors *from)
{
	for (int c = 0; c < CALL_COUNT; c++)
		for (int e = 0; e < BENCH_ERRNO_MAX; e++)
			into->count[c][e] += from->count[c][e];
}

/* CPU time of the process that is no worker's: the kernel's helpers of a ring, and ourselves. */
static void rest_of_cpu(struct run *u, struct bench_result *r)
{
	struct bench_cpu all = {0};
	struct rusage now;

	if (getrusage(RUSAGE_SELF, &now))
		return;
	add_cpu(&all, &u->process, &now);
	for (int i = 0; i < 2; i++) {
		all.user_ns -= all.user_ns < r->cpu[i].user_ns ? all.user_ns : r->cpu[i].user_ns;
		all.system_ns -=
		        all.system_ns < r->cpu[i].system_ns ? all.system_ns : r->cpu[i].system_ns;
	}
	r->cpu_other = all;
	r->max_rss_kb = (uint64_t)now.ru_maxrss;
}

static void add_up(struct run *u)
{
	struct bench_result *r = u->r;

	for (unsigned i = 0; i < u->n_servers + u->n_clients; i++) {
		const struct worker *w = &u->workers[i];

		add_cpu(&r->cpu[w->side], &w->usage[0], &w->usage[1]);
		add_errors(&r->why, &w->why);
		if (w->side == SIDE_SERVER && u->n_clients)
			continue;
		if (w->end_ns - w->start_ns > r->took_ns)
			r->took_ns = w->end_ns - w->start_ns;
		if (w->side == SIDE_SERVER)
			r->done += w->live.started;
		r->done += w->live.done;
		r->started += w->live.started;
		r->errors += w->live.errors;
		r->unserved += w->unserved;
		histogram_merge(&r->connect, &w->connect);
		histogram_merge(&r->first_byte, &w->first_byte);
		histogram_merge(&r->life, &w->life);
	}
	rest_of_cpu(u, r);
}

static int measure(struct run *u, struct err *err)
{
	unsigned n = u->n_servers + u->n_clients;
	struct bench_sample counted = {0};

	if (start(u, 0, u->n_servers, err) || start(u, u->n_servers, n, err))
		return -1;
	if (watch_counts(&u->watch, u->r->before, err) || add_events(u, err))
		return -1;
	bench_signals(SIG_UNBLOCK);
	getrusage(RUSAGE_SELF, &u->process);
	u->start_ns = clock_now_ns();
	tell(u, 0, n, 0);
	if (event_base_dispatch(u->base) < 0)
		return err_set(err, ERR_LAB, "the loop failed");
	sample(u);
	totals(u, &counted);
	u->r->done_counted = counted.done;
	if (watch_counts(&u->watch, u->r->after, err))
		return -1;
	keep_peak(u->r, (uint64_t[]){u->r->after[0].time_wait, u->r->after[1].time_wait});
	u->r->have_counts = 1;
	if (u->late.kind != ERR_NONE) {
		*err = u->late;
		return -1;
	}
	return 0;
}

static int set_stage(struct run *u, struct err *err)
{
	if (sem_init(&u->ready, 0, 0))
		return err_sys(err, "semaphore");
	u->base = event_base_new();
	u->full_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!u->base || u->full_fd < 0)
		return err_sys(err, "no event loop");
	if (add_signals(u, err))
		return -1;
	if (bench_lab_open(&u->lab, u->config, u->r, err) ||
	        bench_lab_relay(&u->lab, u->base, err) || plan(u, err))
		return -1;
	return watch_open(&u->watch, &u->lab, err);
}

static void clear_stage(struct run *u)
{
	for (int i = 0; i < N_EVENTS; i++)
		if (u->events[i])
			event_free(u->events[i]);
	for (unsigned i = 0; u->workers && i < u->n_servers + u->n_clients; i++)
		worker_free(&u->workers[i]);
	free(u->workers);
	watch_close(&u->watch);
	bench_lab_close(&u->lab);
	if (u->base)
		event_base_free(u->base);
	if (u->full_fd >= 0)
		close(u->full_fd);
	sem_destroy(&u->ready);
}

int bench_execute(const struct bench_config *c, struct bench_result *ret, struct err *err)
{
	struct run u = {.config = c, .r = ret, .full_fd = -1};
	int failed;

	u.watch.sockstat[0] = u.watch.sockstat[1] = -1;
	series_init(&ret->series, c->observe == OBSERVE_FULL ? STATES_NS : SAMPLE_NS);
	progress_begin(&u.progress);
	failed = set_stage(&u, err) || measure(&u, err);
	stop(&u);
	if (u.workers)
		add_up(&u);
	if (c->progress)
		progress_end(&u.progress);
	clear_stage(&u);
	bench_signals(SIG_UNBLOCK);
	return failed ? -1 : 0;
}
