/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many lines at a time, by several threads: each takes a stretch of them in turn, puts it together
 * in memory of its own that stays small, and writes it when the stretch before has been written.
 */
#include "out.h"

#include "core/cpus.h"
#include "core/err.h"

#include <pthread.h>
#include <stdlib.h>

#define STRETCH     512  /* lines: some tens of kilobytes */
#define MOST        8    /* threads */
#define WORTH_WHILE 4096 /* lines for each thread */

struct many {
	size_t n, next, written; /* lines; stretches that were given out, and that were written */
	void (*print)(struct out *o, size_t i, const void *arg);
	const void *arg;
	int error;
	pthread_mutex_t lock;
	pthread_cond_t turn;
};

static size_t take_stretch(struct many *m)
{
	size_t which;

	pthread_mutex_lock(&m->lock);
	which = m->next++;
	pthread_mutex_unlock(&m->lock);
	return which;
}

static void write_in_turn(struct many *m, struct out *o, size_t which)
{
	pthread_mutex_lock(&m->lock);
	while (m->written != which)
		pthread_cond_wait(&m->turn, &m->lock);
	o->error = m->error;
	pthread_mutex_unlock(&m->lock);
	out_write(o);
	pthread_mutex_lock(&m->lock);
	m->error = o->error;
	m->written++;
	pthread_cond_broadcast(&m->turn);
	pthread_mutex_unlock(&m->lock);
}

static void *print_stretches(void *arg)
{
	struct many *m = arg;
	struct out o = {.held = 1};
	size_t which;

	while ((which = take_stretch(m)) * STRETCH < m->n) {
		size_t from = which * STRETCH;
		size_t to = from + STRETCH < m->n ? from + STRETCH : m->n;

		for (size_t i = from; i < to; i++)
			m->print(&o, i, m->arg);
		write_in_turn(m, &o, which);
	}
	free(o.v);
	return NULL;
}

/* That help this one. */
static unsigned helpers(size_t n)
{
	size_t worth = n / WORTH_WHILE;
	unsigned allowed = cpus_count();

	if (worth > MOST)
		worth = MOST;
	if (worth > allowed)
		worth = allowed;
	return worth > 1 ? (unsigned)worth - 1 : 0;
}

void out_many(struct out *o, size_t n, void (*print)(struct out *o, size_t i, const void *arg),
        const void *arg)
{
	struct many m = {.n = n, .print = print, .arg = arg};
	pthread_t threads[MOST];
	unsigned started = 0, wanted = helpers(n);

	if (!wanted) {
		for (size_t i = 0; i < n; i++)
			print(o, i, arg);
		return;
	}
	out_write(o);
	m.error = o->error;
	pthread_mutex_init(&m.lock, NULL);
	pthread_cond_init(&m.turn, NULL);
	while (started < wanted && !pthread_create(&threads[started], NULL, print_stretches, &m))
		started++;
	print_stretches(&m);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_cond_destroy(&m.turn);
	pthread_mutex_destroy(&m.lock);
	o->error = m.error;
}
