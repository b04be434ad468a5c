/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker: one side of one pair, a pinned thread with its own loop. What it does is its engine's.
 * An engine starts its events on the worker's loop, and is told when to go.
 */
#ifndef LASTACK_BENCH_WORKER_H
#define LASTACK_BENCH_WORKER_H

#include "bench.h"
#include "core/clock.h"
#include "pace.h"
#include "targets.h"

#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

/* Written by the worker, read by the main thread while it runs. */
struct live {
	uint64_t done, started, errors;
} __attribute__((aligned(128)));

static inline void live_add(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static inline uint64_t live_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

struct worker;

struct engine {
	const char *name;
	/* Why it cannot be used here, or NULL. */
	const char *(*missing)(const struct bench_config *c);
	int (*open[2])(struct worker *w, struct err *err); /* by enum bench_side */
	void (*go[2])(struct worker *w);
	void (*finish[2])(struct worker *w); /* begin no more; NULL: nothing to do */
	void (*close[2])(struct worker *w);
};

extern const struct engine engine_event, engine_ring;

struct worker {
	const struct bench_config *config;
	const struct engine *engine;
	enum bench_side side;
	unsigned index, cpu, pairs, flows;
	int netns; /* descriptor of the host's namespace; -1: stay where we are */
	struct targets targets;
	struct quota *quota; /* NULL: none */
	struct event_base *base;
	void *state; /* the engine's */

	struct live live;
	struct histogram connect, first_byte, life;
	struct bench_errors why;
	struct bench_full full; /* the main thread reads it once full_known is set */
	int full_known;
	int full_fd; /* eventfd, to tell the main thread of `full`; -1 */
	uint64_t start_ns, finish_ns, end_ns;
	uint64_t last_ns;  /* when a connection ended last; of a server alone: began last */
	uint64_t first_ns; /* a server alone: when one began first; 0: none */
	uint64_t unserved;
	struct bench_in_flight in_flight; /* filled in as it ends */
	struct rusage usage[2];

	int ending; /* the other side's end begins: what fails from now on is no error */
	int told;   /* eventfd, a byte for each enum worker_order */
	struct event *told_event;
	sem_t *ready;
	struct err err;
	int running;
	pthread_t thread;
};

enum worker_order { ORDER_GO = 1, ORDER_FINISH = 1 << 8, ORDER_END = 1 << 16 };

/* Starts the thread; it posts `ready` once its engine is open or has failed (w->err). */
int worker_start(struct worker *w, struct err *err);
void worker_tell(struct worker *w, enum worker_order order);
/* From now on failures don't count: the main thread ends the other side. */
void worker_ending(struct worker *w);
void worker_join(struct worker *w);
void worker_free(struct worker *w);

/* For engines. */
void worker_failed(struct worker *w, enum bench_call call, int error);
void worker_done(struct worker *w, uint64_t now_ns, uint64_t due_ns); /* a connection of a client */
void worker_accepted(struct worker *w);                               /* one of a server */
void worker_in_flight(struct worker *w, enum bench_stage stage, uint64_t due_ns);
void worker_full(struct worker *w, const struct target *t);

#endif
