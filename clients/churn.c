/* SPDX-License-Identifier: BSD-2-Clause */
/* churn N: N connections one after the other, each closed before the next one is opened. */
#include "core/clock.h"
#include "open.h"
#include "peers/job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct churn {
	struct opener opener;
	struct peer *peer;
	struct job *job;
	struct route route;
	struct event event; /* the next one is due */
	unsigned long total, begun;
	double rate;
	uint64_t start_ns;
	bool server_first; /* wait for the other side's close */
};

static struct churn *churn_of(struct opener *o)
{
	return (struct churn *)((char *)o - offsetof(struct churn, opener));
}

/* Always by way of the loop: a million failures at once must not be a million calls deep. */
static void go_on(struct churn *s)
{
	uint64_t due = due_ns(s->start_ns, s->rate, s->begun), now = clock_now_ns();
	struct timeval tv = clock_timeval(due > now ? due - now : 0);

	if (s->begun == s->total) {
		job_release(s->job);
		free(s);
	} else if (due > now) {
		event_add(&s->event, &tv);
	} else {
		event_active(&s->event, EV_TIMEOUT, 0);
	}
}

static void on_connected(struct opener *o, struct conn *c)
{
	if (!churn_of(o)->server_first)
		conn_finish(c);
}

static void on_ended(struct opener *o, struct conn *c)
{
	(void)o;
	if (c->broken)
		conn_close(c);
	else
		conn_finish(c);
}

static void on_gone(struct opener *o)
{
	go_on(churn_of(o));
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct churn *s = arg;

	(void)fd, (void)what;
	s->begun++;
	conn_open(s->peer, &s->route, &s->opener);
}

static int parse(struct churn *s, const struct command *c, struct err *err)
{
	const char *first = command_option(c, "first");

	s->server_first = first && !strcmp(first, "server");
	if (first && !s->server_first && strcmp(first, "client"))
		return err_set(err, ERR_INPUT, "first=client or first=server, not '%.64s'", first);
	if (command_number(c->args[0], "the number of connections", UINT32_MAX, &s->total, err) < 0)
		return -1;
	if (route_parse(c, c->args[1], &s->route, err) < 0)
		return -1;
	return command_rate(c, &s->rate, err);
}

int churn_run(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	struct churn *s = must(calloc(1, sizeof *s));

	if (parse(s, c, err) < 0) {
		free(s);
		return -1;
	}
	s->opener = (struct opener){.connected = on_connected, .ended = on_ended, .gone = on_gone};
	s->peer = p;
	s->job = job_hold(j);
	s->start_ns = clock_now_ns();
	event_assign(&s->event, p->base, -1, 0, on_due, s);
	go_on(s);
	return 0;
}
