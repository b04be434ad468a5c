/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew.h"

#include "core/cpus.h"
#include "limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READY_S 20

static unsigned size(const struct crew *c)
{
	return c->n_servers + c->n_clients;
}

static const struct engine *choose_engine(const struct bench_config *config, struct bench_result *r)
{
	const char *why;

	if (strcmp(config->engine, "ring"))
		return &engine_event;
	why = engine_ring.missing(config);
	if (!why)
		return &engine_ring;
	bench_note(r, "engine event instead of ring: %s", why);
	return &engine_event;
}

static void plan_targets(struct worker *w, const struct bench_lab *lab)
{
	struct endpoint to = lab->to;

	/* A port for each pair, where the servers are ours. */
	if (!w->config->against.family && !w->config->serve.family)
		to.port = (uint16_t)(to.port + w->index);
	targets_init(&w->targets, w->config, lab->have_from ? &lab->from : NULL, &to, lab->port_lo,
	        lab->port_hi);
}

void crew_plan(struct crew *c, const struct bench_config *config, const struct bench_lab *lab,
        int full_fd, int done_fd, struct bench_result *r)
{
	const struct engine *e = choose_engine(config, r);
	unsigned cpus[BENCH_MAX_PAIRS], n = cpus_allowed(cpus, BENCH_MAX_PAIRS);

	r->engine = e->name;
	r->pairs = config->pairs ? config->pairs : n;
	for (r->n_cpus = 0; r->n_cpus < n && r->n_cpus < r->pairs; r->n_cpus++)
		r->cpus[r->n_cpus] = cpus[r->n_cpus];
	r->flows = limits_flows(config->flows, r);
	c->n_clients = config->serve.family ? 0 : r->pairs;
	c->n_servers = config->against.family ? 0 : r->pairs;
	c->quota = (struct quota){(int64_t)config->max_conns, (int64_t)config->max_conns, done_fd};
	c->workers = must(aligned_alloc(_Alignof(struct worker), size(c) * sizeof *c->workers));
	memset(c->workers, 0, size(c) * sizeof *c->workers);
	for (unsigned i = 0; i < size(c); i++) {
		struct worker *w = &c->workers[i];

		w->config = config;
		w->engine = e;
		w->side = i < c->n_servers ? SIDE_SERVER : SIDE_CLIENT;
		w->index = i < c->n_servers ? i : i - c->n_servers;
		w->pairs = r->pairs;
		w->flows = r->flows;
		w->cpu = cpus[w->index % n];
		w->netns = lab->space[w->side];
		w->full_fd = full_fd;
		w->ready = &c->ready;
		w->quota = config->max_conns && w->side == SIDE_CLIENT ? &c->quota : NULL;
		plan_targets(w, lab);
	}
}

static int start(struct crew *c, unsigned from, unsigned to, struct err *err)
{
	uint64_t until_ns = clock_now_ns() + READY_S * NS_PER_S;
	struct timespec until = {(time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S)};

	for (unsigned i = from; i < to; i++)
		if (worker_start(&c->workers[i], err))
			return -1;
	for (unsigned i = from; i < to; i++)
		while (sem_clockwait(&c->ready, CLOCK_MONOTONIC, &until))
			if (errno != EINTR)
				return err_sys(err, "the workers don't get ready");
	for (unsigned i = from; i < to; i++)
		if (c->workers[i].err.kind != ERR_NONE) {
			*err = c->workers[i].err;
			return -1;
		}
	return 0;
}

int crew_start(struct crew *c, struct err *err)
{
	if (sem_init(&c->ready, 0, 0))
		return err_sys(err, "semaphore");
	c->have_ready = 1;
	return start(c, 0, c->n_servers, err) || start(c, c->n_servers, size(c), err) ? -1 : 0;
}

void crew_go(struct crew *c)
{
	for (unsigned i = 0; i < size(c); i++)
		worker_tell(&c->workers[i], ORDER_GO);
}

void crew_finish(struct crew *c)
{
	for (unsigned i = c->n_servers; i < size(c); i++)
		worker_tell(&c->workers[i], ORDER_FINISH);
}

static void end(struct crew *c, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		worker_tell(&c->workers[i], ORDER_END);
	for (unsigned i = from; i < to; i++)
		worker_join(&c->workers[i]);
}

void crew_stop(struct crew *c)
{
	for (unsigned i = 0; c->n_clients && i < c->n_servers; i++)
		worker_ending(&c->workers[i]);
	end(c, c->n_servers, size(c));
	end(c, 0, c->n_servers);
}

void crew_free(struct crew *c)
{
	for (unsigned i = 0; i < size(c); i++)
		worker_free(&c->workers[i]);
	free(c->workers);
	if (c->have_ready)
		sem_destroy(&c->ready);
	*c = (struct crew){0};
}

void crew_totals(const struct crew *c, struct bench_sample *ret)
{
	/* A server alone counts what it has accepted. */
	for (unsigned i = c->n_clients ? c->n_servers : 0; i < size(c); i++) {
		const struct live *l = &c->workers[i].live;

		ret->done += live_read(c->n_clients ? &l->done : &l->started);
		ret->errors += live_read(&l->errors);
	}
}

uint64_t crew_in_flight(const struct crew *c)
{
	uint64_t n = 0;

	for (unsigned i = c->n_servers; i < size(c); i++) {
		const struct live *l = &c->workers[i].live;
		uint64_t ended = live_read(&l->done) + live_read(&l->errors);

		n += live_read(&l->started) - ended; /* read later: never fewer than have ended */
	}
	return n;
}

int crew_full(const struct crew *c, struct bench_full *ret)
{
	int found = 0;

	for (unsigned i = c->n_servers; i < size(c); i++) {
		const struct worker *w = &c->workers[i];

		if (!__atomic_load_n(&w->full_known, __ATOMIC_ACQUIRE))
			continue;
		if (!found || w->full.at_ns < ret->at_ns)
			*ret = w->full;
		found = 1;
	}
	return found;
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

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* CPU time of the process that is no worker's: the kernel's helpers of a ring, and the main thread.
 */
static void rest_of_cpu(const struct rusage *before, struct bench_result *r)
{
	struct bench_cpu all = {0};
	struct rusage now;

	if (getrusage(RUSAGE_SELF, &now))
		return;
	add_cpu(&all, before, &now);
	for (int i = 0; i < 2; i++) {
		all.user_ns = less(all.user_ns, r->cpu[i].user_ns);
		all.system_ns = less(all.system_ns, r->cpu[i].system_ns);
	}
	r->cpu_other = all;
	r->max_rss_kb = (uint64_t)now.ru_maxrss;
}

static void add_errors(struct bench_errors *into, const struct bench_errors *from)
{
	for (int c = 0; c < CALL_COUNT; c++)
		for (int e = 0; e < BENCH_ERRNO_MAX; e++)
			into->count[c][e] += from->count[c][e];
}

static void add_in_flight(struct bench_in_flight *into, const struct bench_in_flight *from)
{
	for (int s = 0; s < STAGE_COUNT; s++)
		into->n[s] += from->n[s];
	into->all += from->all;
	if (from->oldest_ns > into->oldest_ns)
		into->oldest_ns = from->oldest_ns;
}

/* Until it was told to finish, and until its last connection had ended: waiting in vain for those
 * that are stuck is no work. With a quota nothing came after that.
 */
static uint64_t took_ns(const struct worker *w)
{
	uint64_t end = w->finish_ns ? w->finish_ns : w->end_ns;

	if (w->last_ns > end || (w->quota && w->last_ns && !w->quota->to_end))
		end = w->last_ns;
	return end - w->start_ns;
}

/* A server alone doesn't know when its clients begin and end: from the first connection to the
 * last. */
static uint64_t served_ns(const struct crew *c)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (unsigned i = 0; i < c->n_servers; i++) {
		const struct worker *w = &c->workers[i];

		if (w->first_ns && w->first_ns < first)
			first = w->first_ns;
		if (w->last_ns > last)
			last = w->last_ns;
	}
	return last > first ? last - first : 0;
}

static void add_client(struct bench_result *r, const struct worker *w)
{
	r->done += w->live.done;
	r->started += w->live.started;
	r->errors += w->live.errors;
	r->unserved += w->unserved;
	add_in_flight(&r->in_flight, &w->in_flight);
	histogram_merge(&r->connect, &w->connect);
	histogram_merge(&r->first_byte, &w->first_byte);
	histogram_merge(&r->life, &w->life);
}

void crew_add_up(const struct crew *c, const struct rusage *before, struct bench_result *r)
{
	for (unsigned i = 0; i < size(c); i++) {
		const struct worker *w = &c->workers[i];

		add_cpu(&r->cpu[w->side], &w->usage[0], &w->usage[1]);
		add_errors(&r->why, &w->why);
		if (w->side == SIDE_SERVER && c->n_clients)
			continue;
		if (w->side == SIDE_CLIENT) {
			if (took_ns(w) > r->took_ns)
				r->took_ns = took_ns(w);
			add_client(r, w);
		} else {
			r->done += w->live.started;
			r->errors += w->live.errors;
		}
	}
	if (!c->n_clients)
		r->took_ns = served_ns(c);
	rest_of_cpu(before, r);
}
