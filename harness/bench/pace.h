/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a flow begins its next connection.
 *
 * Closed loop: as soon as it has ended the one before; after a failure, 10 ms later, so that a full
 * range of ports doesn't become a busy loop. Open loop: connections fall due at a steady rate
 * whatever happens, and wait for a free flow if there is none. Their latency counts from the moment
 * when they were due, so a stall is seen in every connection that it delayed.
 *
 * A quota, shared by all workers of a run, makes an exact number: who begins a connection takes one
 * of it, and gives it back when that fails.
 */
#ifndef LASTACK_BENCH_PACE_H
#define LASTACK_BENCH_PACE_H

#include "core/clock.h"

#include <event2/event.h>

#define PACE_RETRY_NS (10 * NS_PER_MS)

struct quota {
	int64_t to_begin, to_end;
	int fd; /* eventfd, written to when the last one has ended */
};

struct pace {
	double interval_ns; /* between two connections of this worker; 0: closed loop */
	uint64_t first_ns, begun;
	unsigned fresh; /* closed loop: flows that have not begun at all: all from 0 to below it */
	unsigned n_idle;
	uint32_t *idle, *spare; /* stacks of flows; the other one is for retry() */
	struct event *timer;
	int armed, running;
	struct quota *quota; /* NULL: no such end */
	uint64_t unserved;
	void (*begin)(void *arg, uint32_t flow, uint64_t due_ns);
	void (*flush)(void *arg); /* after the timer has begun some; may be NULL */
	void *arg;
};

int pace_open(struct pace *p, struct event_base *base, unsigned flows, double rate,
        void (*begin)(void *arg, uint32_t flow, uint64_t due_ns), void *arg);
void pace_close(struct pace *p);

/* Begins with all flows free. `phase` (0 to 1) sets workers apart in time. */
void pace_go(struct pace *p, unsigned flows, double phase);

/* A flow's connection has ended. */
void pace_ended(struct pace *p, uint32_t flow, int failed);

/*
 * No more begin; what is under way goes on to its end. What was due by now is begun or counted: how
 * many were due, and found no free flow, is in p->unserved from here on.
 */
void pace_finish(struct pace *p);

#endif
