/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POLL_FLOWS 96
#define CALLBACKS  512

static int settle(struct worker *w, struct err *err)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(w->cpu, &one);
	if (pthread_setaffinity_np(pthread_self(), sizeof one, &one))
		return err_set(err, ERR_LAB, "cannot pin a worker to CPU %u", w->cpu);
	/* A table of descriptors of its own: the kernel then counts no references per call. */
	if (unshare(CLONE_FILES))
		return err_sys(err, "unshare(CLONE_FILES)");
	if (w->netns >= 0 && setns(w->netns, CLONE_NEWNET))
		return err_sys(err, "cannot enter the %s's network namespace",
		        w->side == SIDE_CLIENT ? "client" : "server");
	return 0;
}

/*
 * For a few sockets that live some microseconds, poll() is cheaper than telling epoll of each and
 * of its end. Many sockets, or times finer than a millisecond, want epoll.
 */
static struct event_base *make_base(const struct worker *w, struct err *err)
{
	struct event_config *c = must(event_config_new());
	struct event_base *b;

	event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK);
	if (w->config->rate > 0) /* one more system call a turn */
		event_config_set_flag(c, EVENT_BASE_FLAG_PRECISE_TIMER);
	else if (w->flows <= POLL_FLOWS)
		event_config_avoid_method(c, "epoll");
	/* With many at once, look for what is urgent (being told to end) in between. */
	event_config_set_max_dispatch_interval(c, NULL, CALLBACKS, 1);
	b = event_base_new_with_config(c);
	event_config_free(c);
	if (b && event_base_priority_init(b, 2)) {
		event_base_free(b);
		b = NULL;
	}
	if (!b)
		err_set(err, ERR_LAB, "libevent gives no loop");
	return b;
}

static void on_told(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof n) != sizeof n)
		return;
	if (n % ORDER_FINISH) {
		getrusage(RUSAGE_THREAD, &w->usage[0]);
		w->start_ns = clock_now_ns();
	}
	if (n >= ORDER_END) {
		event_base_loopbreak(w->base);
		return;
	}
	if (n % ORDER_FINISH)
		w->engine->go[w->side](w);
	if (n >= ORDER_FINISH) {
		w->finish_ns = clock_now_ns();
		if (w->engine->finish[w->side])
			w->engine->finish[w->side](w);
	}
}

static int prepare(struct worker *w)
{
	if (settle(w, &w->err))
		return -1;
	w->base = make_base(w, &w->err);
	if (!w->base)
		return -1;
	w->told_event = event_new(w->base, w->told, EV_READ | EV_PERSIST, on_told, w);
	if (!w->told_event || event_priority_set(w->told_event, 0) ||
	        event_add(w->told_event, NULL))
		return err_set(&w->err, ERR_LAB, "libevent takes no event");
	return w->engine->open[w->side](w, &w->err);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int opened = !prepare(w);

	sem_post(w->ready);
	if (opened)
		event_base_dispatch(w->base);
	w->end_ns = clock_now_ns();
	getrusage(RUSAGE_THREAD, &w->usage[1]);
	w->engine->close[w->side](w);
	if (w->told_event)
		event_free(w->told_event);
	if (w->base)
		event_base_free(w->base);
	return NULL;
}

int worker_start(struct worker *w, struct err *err)
{
	int e;

	w->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->told < 0)
		return err_sys(err, "eventfd");
	e = pthread_create(&w->thread, NULL, work, w);
	if (e) {
		errno = e;
		return err_sys(err, "cannot start a worker");
	}
	w->running = 1;
	return 0;
}

void worker_tell(struct worker *w, enum worker_order order)
{
	uint64_t n = order;

	if (w->running && write(w->told, &n, sizeof n) != sizeof n)
		abort(); /* an eventfd far below its limit takes every write */
}

void worker_ending(struct worker *w)
{
	__atomic_store_n(&w->ending, 1, __ATOMIC_RELAXED);
}

void worker_join(struct worker *w)
{
	if (w->running)
		pthread_join(w->thread, NULL);
	w->running = 0;
}

void worker_free(struct worker *w)
{
	targets_free(&w->targets);
	if (w->told > 0)
		close(w->told);
	w->told = -1;
}

void worker_failed(struct worker *w, enum bench_call call, int error)
{
	if (__atomic_load_n(&w->ending, __ATOMIC_RELAXED))
		return;
	live_add(&w->live.errors);
	w->why.count[call][error > 0 && error < BENCH_ERRNO_MAX ? error : 0]++;
}

void worker_done(struct worker *w, uint64_t now_ns, uint64_t due_ns)
{
	histogram_add(&w->life, now_ns - due_ns);
	w->last_ns = now_ns;
	live_add(&w->live.done);
}

/* Only where there is no client to tell: it takes its time from each connection. */
void worker_accepted(struct worker *w)
{
	live_add(&w->live.started);
	if (!w->config->serve.family)
		return;
	w->last_ns = clock_now_ns();
	if (!w->first_ns)
		w->first_ns = w->last_ns;
}

void worker_in_flight(struct worker *w, enum bench_stage stage, uint64_t due_ns)
{
	struct bench_in_flight *f = &w->in_flight;

	if (stage == STAGE_NONE)
		return;
	f->all++;
	f->n[stage]++;
	if (w->end_ns - due_ns > f->oldest_ns)
		f->oldest_ns = w->end_ns - due_ns;
}

void worker_full(struct worker *w, const struct target *t)
{
	uint64_t one = 1;

	if (w->full_known)
		return;
	w->full.at_ns = clock_now_ns() - w->start_ns;
	endpoint_from_sockaddr((const struct sockaddr *)t->to, &w->full.to);
	if (t->from.ss_family != AF_UNSPEC)
		endpoint_from_sockaddr((const struct sockaddr *)&t->from, &w->full.from);
	w->full.from.port = 0;
	__atomic_store_n(&w->full_known, 1, __ATOMIC_RELEASE);
	if (w->full_fd >= 0 && write(w->full_fd, &one, sizeof one) != sizeof one)
		abort();
}
