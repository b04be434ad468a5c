/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect N: many connections, at a rate or as fast as it goes. With a rate each has its intended
 * moment from the start of the command, so that a late one does not make the next ones late.
 */
#include "core/clock.h"
#include "open.h"
#include "peers/job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BATCH     64   /* in one turn of the loop: what has happened must be seen in between */
#define UNDER_WAY 1024 /* more would only fill the accept queue of the other side */

struct series {
	struct opener opener;
	struct peer *peer;
	struct job *job;
	struct route route;
	struct event event;
	unsigned long total, begun, settled;
	unsigned long batch, under_way; /* at most */
	double rate;
	uint64_t start_ns;
	bool busy; /* beginning some */
};

static struct series *series_of(struct opener *o)
{
	return (struct series *)((char *)o - offsetof(struct series, opener));
}

static void end(struct series *s)
{
	event_del(&s->event);
	job_release(s->job);
	free(s);
}

/* Ends, waits for those under way, or goes on when the next one is due. */
static void go_on(struct series *s)
{
	uint64_t due = due_ns(s->start_ns, s->rate, s->begun), now = clock_now_ns();
	struct timeval tv = clock_timeval(due > now ? due - now : 0);

	if (s->busy)
		return;
	if (s->settled == s->total) {
		end(s);
		return;
	}
	if (s->begun == s->total || s->begun - s->settled >= s->under_way)
		return;
	if (!event_pending(&s->event, EV_TIMEOUT, NULL))
		event_add(&s->event, &tv);
}

static void settle(struct series *s)
{
	s->settled++;
	go_on(s);
}

static void on_connected(struct opener *o, struct conn *c)
{
	c->opener = NULL;
	settle(series_of(o));
}

static void on_ended(struct opener *o, struct conn *c)
{
	(void)o, (void)c; /* cannot be: it has no opener any more once it is connected */
}

static void on_gone(struct opener *o)
{
	settle(series_of(o));
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct series *s = arg;
	uint64_t now = clock_now_ns();

	(void)fd, (void)what;
	s->busy = true; /* a failure at once must not end it here */
	for (unsigned long i = 0; i < s->batch && s->begun < s->total; i++) {
		if (s->begun - s->settled >= s->under_way ||
		        due_ns(s->start_ns, s->rate, s->begun) > now)
			break;
		s->begun++;
		conn_open(s->peer, &s->route, &s->opener);
	}
	s->busy = false;
	go_on(s);
}

int connect_run(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	const char *at = command_option(c, "at");
	struct series *s = must(calloc(1, sizeof *s));

	s->batch = at ? UINT32_MAX : BATCH;
	s->under_way = at ? UINT32_MAX : UNDER_WAY;
	if (command_number(c->args[0], "the number of connections", UINT32_MAX, &s->total, err) <
	                0 ||
	        route_parse(c, c->args[1], &s->route, err) < 0 ||
	        command_rate(c, &s->rate, err) < 0 ||
	        (at && strcmp(at, "once") && err_set(err, ERR_INPUT, "at=once, not '%.64s'", at))) {
		free(s);
		return -1;
	}
	s->opener = (struct opener){.connected = on_connected, .ended = on_ended, .gone = on_gone};
	s->peer = p;
	s->job = job_hold(j);
	s->start_ns = clock_now_ns();
	event_assign(&s->event, p->base, -1, 0, on_due, s);
	on_due(-1, EV_TIMEOUT, s);
	return 0;
}
