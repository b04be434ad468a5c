/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When to look. Soon after something happened (a report, a segment), then less and less often while
 * nothing changes; and when a kernel timer can fire, since its remaining time is in every dump. A
 * cell that waits a minute for TIME_WAIT costs next to nothing.
 */
#include "runner.h"

#include "core/clock.h"
#include "observe/owners.h"
#include "observe/snmp.h"

#include <stdlib.h>
#include <string.h>

#define SOON_NS   (1 * NS_PER_MS)
#define SELDOM_NS (250 * NS_PER_MS)
#define TIMERS_NS (10 * NS_PER_MS) /* while timers are due: the wheel may fire them any moment */
#define SHARE     10               /* of the time at most 1/SHARE goes into looking */

struct watch {
	struct runner *r;
	struct event *timer;
	struct sock_diag *diag[2];
	struct snmp *base[2];   /* when the cell was ready */
	struct snmp *last[2];   /* at the last look, NULL before the first */
	int owned[2];           /* descriptors, as last told */
	unsigned owned_step[2]; /* and in which step */
	uint64_t pause_ns;      /* to the next look */
	uint64_t next_ns;
	uint64_t cost_ns; /* of the last look */
};

static void plan(struct watch *w, uint64_t at_ns)
{
	uint64_t now = clock_now_ns();
	struct timeval tv = clock_timeval(at_ns > now ? at_ns - now : 0);

	w->next_ns = at_ns;
	event_add(w->timer, &tv);
}

/* A dump under way. */
struct dump {
	struct watch *w;
	enum host h;
	uint64_t t_ns;
	struct err *err;
	int failed;
};

static void saw_row(void *arg, const struct sock_row *row)
{
	struct dump *d = arg;

	track_saw(d->w->r->track, d->h, row, NULL, SRC_SOCK_DIAG, d->t_ns, clock_now_ns());
}

static void missed(void *arg, const struct tuple *tuple)
{
	struct dump *d = arg;
	struct sock_row row;
	int found = d->failed ? -1 : sock_diag_find(d->w->diag[d->h], tuple, &row, d->err);

	d->failed |= found < 0;
	if (!d->failed)
		track_saw(d->w->r->track, d->h, found ? &row : NULL, tuple, SRC_SOCK_DIAG, d->t_ns,
		        clock_now_ns());
}

static int dump(struct watch *w, enum host h, struct err *err)
{
	struct dump d = {.w = w, .h = h, .t_ns = clock_now_ns(), .err = err};

	track_dump_begin(w->r->track, d.t_ns);
	d.failed = sock_diag_dump(w->diag[h], ~0u, saw_row, &d, err);
	if (!d.failed)
		track_dump_end(w->r->track, h, missed, &d);
	return d.failed ? err_prefix(err, "sockets of the %s", actor_names[h]) : 0;
}

/* Whether the step under way asks for something of this kind on this host. */
static int asked(const struct watch *w, const char *kind, enum host h)
{
	const struct step *s = runner_step(w->r);

	if (!s)
		return 0;
	array_each (struct expectation, x, &s->expectations)
		if (x->host == h && !strcmp(x->kind, kind))
			return 1;
	return 0;
}

struct counting {
	struct watch *w;
	enum host h;
	const struct snmp *now;
};

static void counted(void *arg, const char *name, int64_t since_last)
{
	struct counting *c = arg;
	struct event e = {.kind = EV_COUNTER, .source = SRC_SNMP, .host = c->h};

	(void)since_last;
	snprintf(e.counter.name, sizeof e.counter.name, "%s", name);
	e.counter.value = snmp_get(c->now, name, NULL) - snmp_get(c->w->base[c->h], name, NULL);
	runner_emit(c->w->r, &e);
}

static int counters(struct watch *w, enum host h, struct err *err)
{
	struct counting c = {w, h, NULL};
	struct snmp *now;

	if (cell_enter(&w->r->cell, h, err))
		return -1;
	now = snmp_read(err);
	if (cell_leave(&w->r->cell, err) || !now) {
		snmp_free(now);
		return -1;
	}
	c.now = now;
	snmp_differences(w->last[h] ? w->last[h] : w->base[h], now, counted, &c);
	snmp_free(w->last[h]);
	w->last[h] = now;
	return 0;
}

static int owned(struct watch *w, enum host h, struct err *err)
{
	struct event e = {.kind = EV_OWNED, .source = SRC_OWNERS, .host = h};
	pid_t pid = cast_pid(w->r->cast, h);
	int n = pid ? owners_count(pid, err) : 0;

	if (n < 0)
		return cast_pid(w->r->cast, h) ? -1 : 0; /* it ended under our hands */
	if (w->owned[h] == n && w->owned_step[h] == w->r->step)
		return 0;
	w->owned[h] = n;
	w->owned_step[h] = w->r->step;
	e.owned.descriptors = (unsigned)n;
	runner_emit(w->r, &e);
	return 0;
}

static int look(struct watch *w, enum host h, struct err *err)
{
	/* What is in it may have changed since the dump began. */
	struct event e = {
	        .t_ns = clock_now_ns(), .kind = EV_SAMPLE, .source = SRC_SOCK_DIAG, .host = h};

	stream_catch_up(w->r);
	if (asked(w, "counter", h) && counters(w, h, err))
		return -1;
	if (asked(w, "segment", ACTOR_WIRE) && filter_look(w->r->filter, h, err))
		return -1;
	if (asked(w, "descriptors", h) && owned(w, h, err))
		return -1;
	if (dump(w, h, err))
		return -1;
	stream_catch_up(w->r);
	runner_emit(w->r, &e);
	return 0;
}

void watch_sample(struct watch *w)
{
	uint64_t began = clock_now_ns();
	struct err err = {0};

	if (look(w, HOST_CLIENT, &err) || look(w, HOST_SERVER, &err) ||
	        (asked(w, "conntrack", HOST_ROUTER) && router_look(w->r->router, &err)))
		runner_trouble(w->r, &err);
	w->cost_ns = clock_now_ns() - began;
}

/* Twice the pause as long as only samples come; timers and the cost of a look have their say. */
static void next(struct watch *w)
{
	uint64_t now = clock_now_ns(), timer = track_next_timer_ns(w->r->track);
	uint64_t at;

	w->pause_ns = w->pause_ns * 2 < SELDOM_NS ? w->pause_ns * 2 : SELDOM_NS;
	at = now + w->pause_ns;
	if (timer && timer <= now)
		timer = now + TIMERS_NS;
	if (timer && timer + SOON_NS < at)
		at = timer + SOON_NS;
	if (at < now + w->cost_ns * SHARE)
		at = now + w->cost_ns * SHARE;
	plan(w, at);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	size_t before = w->r->n_moves;

	(void)fd;
	(void)what;
	if (w->r->over)
		return;
	watch_sample(w);
	if (w->r->n_moves > before)
		w->pause_ns = SOON_NS;
	next(w);
}

void watch_kick(struct watch *w)
{
	uint64_t soon = clock_now_ns() + SOON_NS, dear = clock_now_ns() + w->cost_ns * SHARE;

	w->pause_ns = SOON_NS;
	if (w->cost_ns * SHARE > SOON_NS)
		soon = dear;
	if (!event_pending(w->timer, EV_TIMEOUT, NULL) || w->next_ns > soon)
		plan(w, soon);
}

/* A router may have given it another four-tuple than the wire saw. */
static void find_translated(struct watch *w, enum host h)
{
	struct err err = {0};

	if (dump(w, h, &err))
		runner_trouble(w->r, &err);
}

void watch_look(struct watch *w, enum host h, const struct tuple *tuple)
{
	struct sock_row row;
	struct err err = {0};
	uint64_t t = clock_now_ns();
	int found;

	stream_catch_up(w->r);
	found = sock_diag_find(w->diag[h], tuple, &row, &err);
	if (found < 0)
		runner_trouble(w->r, &err);
	else if (!found && h == HOST_SERVER && w->r->router)
		find_translated(w, h);
	else
		track_saw(w->r->track, h, found ? &row : NULL, tuple, SRC_WIRE, t, t);
}

void watch_final(struct watch *w)
{
	struct err err = {0};

	for (enum host h = HOST_CLIENT; h <= HOST_SERVER; h++)
		if (counters(w, h, &err) || filter_look(w->r->filter, h, &err))
			runner_trouble(w->r, &err);
}

static int open_host(struct watch *w, enum host h, struct err *err)
{
	if (cell_enter(&w->r->cell, h, err))
		return -1;
	w->diag[h] = sock_diag_open(err);
	w->base[h] = w->diag[h] ? snmp_read(err) : NULL;
	return cell_leave(&w->r->cell, w->base[h] ? err : NULL) || !w->base[h] ? -1 : 0;
}

struct watch *watch_new(struct runner *r, struct err *err)
{
	struct watch *w = must(calloc(1, sizeof *w));

	w->r = r;
	w->pause_ns = SOON_NS;
	w->owned[0] = w->owned[1] = -1;
	w->timer = must(evtimer_new(r->base, on_timer, w));
	if (open_host(w, HOST_CLIENT, err) || open_host(w, HOST_SERVER, err)) {
		watch_free(w);
		return NULL;
	}
	return w;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (int h = 0; h < 2; h++) {
		if (w->diag[h])
			sock_diag_close(w->diag[h]);
		snmp_free(w->base[h]);
		snmp_free(w->last[h]);
	}
	event_free(w->timer);
	free(w);
}
