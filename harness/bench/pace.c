/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace.h"

#include "core/err.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRESH 512

static uint64_t due_ns(const struct pace *p, uint64_t k)
{
	return p->first_ns + (uint64_t)((double)k * p->interval_ns);
}

static void arm(struct pace *p, uint64_t wait_ns)
{
	struct timeval tv = clock_timeval(wait_ns);

	if (p->armed)
		return;
	p->armed = !event_add(p->timer, &tv);
}

/* One of the quota, if there still is one. */
static int take(struct quota *q)
{
	int64_t left;

	if (!q)
		return 1;
	left = __atomic_load_n(&q->to_begin, __ATOMIC_RELAXED);
	while (left > 0)
		if (__atomic_compare_exchange_n(
		            &q->to_begin, &left, left - 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return 1;
	return 0;
}

static void settle(struct quota *q, int failed)
{
	uint64_t one = 1;

	if (failed)
		__atomic_add_fetch(&q->to_begin, 1, __ATOMIC_RELAXED);
	else if (!__atomic_sub_fetch(&q->to_end, 1, __ATOMIC_RELAXED) &&
	         write(q->fd, &one, sizeof one) != sizeof one)
		abort(); /* an eventfd far below its limit takes every write */
}

/* Begins on this flow, or leaves it idle. */
static void start(struct pace *p, uint32_t flow)
{
	if (p->running && take(p->quota))
		p->begin(p->arg, flow, clock_now_ns());
	else
		p->idle[p->n_idle++] = flow;
}

/* Begins what is due, and sets the timer for what comes next. */
static void serve(struct pace *p)
{
	uint64_t now = clock_now_ns();

	while (p->n_idle && due_ns(p, p->begun) <= now) {
		uint64_t due = due_ns(p, p->begun);

		if (!take(p->quota))
			return;
		p->begun++;
		p->begin(p->arg, p->idle[--p->n_idle], due);
	}
	if (p->n_idle) {
		uint64_t next = due_ns(p, p->begun);

		now = clock_now_ns();
		arm(p, next > now ? next - now : 0);
	}
}

static void retry(struct pace *p)
{
	unsigned n = p->n_idle;
	uint32_t *flows = p->idle;

	/* What fails at once comes back, and waits for the next time. */
	p->idle = p->spare;
	p->spare = flows;
	p->n_idle = 0;
	for (unsigned i = 0; i < n; i++)
		start(p, flows[i]);
}

/*
 * Some at a time, each turn of the loop: with thousands of flows the first connections end while
 * others begin, and an order to finish is heard.
 */
static void begin_fresh(struct pace *p)
{
	for (int n = 0; p->fresh && n < FRESH; n++)
		start(p, --p->fresh);
	if (p->fresh)
		arm(p, 0);
	else if (p->n_idle)
		arm(p, PACE_RETRY_NS);
}

static void timer(evutil_socket_t fd, short what, void *arg)
{
	struct pace *p = arg;

	(void)fd;
	(void)what;
	p->armed = 0;
	if (!p->running)
		return;
	if (p->interval_ns > 0)
		serve(p);
	else if (p->fresh)
		begin_fresh(p);
	else
		retry(p);
	if (p->flush)
		p->flush(p->arg);
}

int pace_open(struct pace *p, struct event_base *base, unsigned flows, double rate,
        void (*begin)(void *arg, uint32_t flow, uint64_t due_ns), void *arg)
{
	memset(p, 0, sizeof *p);
	p->interval_ns = rate > 0 ? 1e9 / rate : 0;
	p->idle = must(calloc(flows, sizeof *p->idle));
	p->spare = must(calloc(flows, sizeof *p->spare));
	p->begin = begin;
	p->arg = arg;
	p->timer = event_new(base, -1, 0, timer, p);
	return p->timer ? 0 : -1;
}

void pace_close(struct pace *p)
{
	if (p->timer)
		event_free(p->timer);
	free(p->idle);
	free(p->spare);
	memset(p, 0, sizeof *p);
}

void pace_go(struct pace *p, unsigned flows, double phase)
{
	p->running = 1;
	p->first_ns = clock_now_ns() + (uint64_t)(phase * p->interval_ns);
	if (p->interval_ns > 0) {
		for (unsigned i = 0; i < flows; i++)
			p->idle[p->n_idle++] = flows - 1 - i;
		serve(p);
		return;
	}
	p->fresh = flows;
	begin_fresh(p);
}

void pace_ended(struct pace *p, uint32_t flow, int failed)
{
	if (p->quota)
		settle(p->quota, failed);
	if (p->interval_ns <= 0 && !failed) {
		start(p, flow);
		return;
	}
	p->idle[p->n_idle++] = flow;
	if (!p->running)
		return;
	if (p->interval_ns <= 0)
		arm(p, PACE_RETRY_NS);
	else if (failed)
		arm(p, NS_PER_MS); /* from the loop, not from within begin() */
	else
		serve(p);
}

void pace_finish(struct pace *p)
{
	uint64_t now = clock_now_ns(), due;

	if (p->running && p->interval_ns > 0 && now >= p->first_ns) {
		serve(p);
		due = (uint64_t)((double)(now - p->first_ns) / p->interval_ns) + 1;
		if (!p->n_idle && due > p->begun)
			p->unserved = due - p->begun;
	}
	p->running = 0;
}
