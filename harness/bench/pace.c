/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace.h"

#include "core/err.h"

#include <stdlib.h>
#include <string.h>

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

/* Begins what is due, and sets the timer for what comes next. */
static void serve(struct pace *p)
{
	uint64_t now = clock_now_ns();

	while (p->n_idle && due_ns(p, p->begun) <= now) {
		uint64_t due = due_ns(p, p->begun++);

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
	unsigned n = p->n_idle; /* what fails at once comes back, and waits for the next time */

	while (n--) {
		uint32_t flow = p->idle[0];

		memmove(p->idle, p->idle + 1, --p->n_idle * sizeof *p->idle);
		p->begin(p->arg, flow, clock_now_ns());
	}
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
	for (unsigned i = 0; i < flows; i++)
		p->begin(p->arg, i, clock_now_ns());
}

void pace_ended(struct pace *p, uint32_t flow, int failed)
{
	if (p->interval_ns <= 0 && !failed) {
		p->begin(p->arg, flow, clock_now_ns());
		return;
	}
	p->idle[p->n_idle++] = flow;
	if (p->interval_ns <= 0)
		arm(p, PACE_RETRY_NS);
	else if (failed)
		arm(p, NS_PER_MS); /* from the loop, not from within begin() */
	else
		serve(p);
}

uint64_t pace_unserved(const struct pace *p, uint64_t now_ns)
{
	uint64_t due;

	if (p->interval_ns <= 0 || !p->running || now_ns < p->first_ns)
		return 0;
	due = (uint64_t)((double)(now_ns - p->first_ns) / p->interval_ns) + 1;
	return due > p->begun ? due - p->begun : 0;
}
