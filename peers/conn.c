/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a connection, from its descriptor to close() or to the loss of it. */
#include "core/err.h"
#include "peer.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct conn *conn_new(struct peer *p, struct opener *o)
{
	struct conn *c = must(calloc(1, sizeof *c));

	c->peer = p;
	c->opener = o;
	c->id = ++p->last_id;
	c->fd = -1;
	c->output_end = &c->output;
	TAILQ_INSERT_TAIL(&p->conns, c, entry);
	return c;
}

bool conn_is_gone(const struct conn *c)
{
	return c->fd < 0;
}

void conn_learn(struct conn *c)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;

	if (!getsockname(c->fd, (struct sockaddr *)&sa, &len))
		endpoint_from_sockaddr((struct sockaddr *)&sa, &c->tuple.local);
	len = sizeof c->cookie;
	if (getsockopt(c->fd, SOL_SOCKET, SO_COOKIE, &c->cookie, &len) < 0)
		c->cookie = 0;
}

static void bury(struct conn *c)
{
	struct opener *o = c->opener;

	c->fd = -1;
	conn_drop_output(c);
	TAILQ_REMOVE(&c->peer->conns, c, entry);
	TAILQ_INSERT_TAIL(&c->peer->dead, c, entry);
	peer_turn_end(c->peer);
	c->opener = NULL;
	if (o)
		o->gone(o);
}

/* Takes the descriptor out of the loop and closes it. */
static int close_fd(struct conn *c)
{
	int fd = c->fd;

	if (fd < 0)
		return 0;
	if (event_initialized(&c->event))
		event_del(&c->event);
	return close(fd);
}

void conn_fail(struct conn *c, const char *call, int error)
{
	struct peer *p = c->peer;

	report_failed(c, call, error);
	close_fd(c); /* never connected: what close() says about it tells nothing */
	bury(c);
	peer_sync(p);
}

void conn_close(struct conn *c)
{
	struct peer *p = c->peer;

	if (close_fd(c) < 0)
		report_failed(c, "close", errno);
	report_conn(c, "closed", "%s", "");
	bury(c);
	peer_sync(p);
}

void conn_abort(struct conn *c)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l) < 0)
		report_failed(c, "setsockopt", errno);
	conn_close(c);
}

void conn_finish(struct conn *c)
{
	const struct peer *p = c->peer;

	if (p->behaviour->close)
		p->behaviour->close(c);
	else
		conn_close(c);
}

void conn_shutdown(struct conn *c)
{
	if (shutdown(c->fd, SHUT_WR) < 0) {
		report_failed(c, "shutdown", errno);
		return;
	}
	c->shut = true;
	report_conn(c, "shut", "%s", "");
	conn_push(c); /* what still waits to be sent finds out now */
}

void conn_forget(struct conn *c)
{
	event_del(&c->event);
	bury(c);
}

void conn_ended(struct conn *c, void (*hook)(struct conn *c))
{
	if (hook && !c->peer->held)
		hook(c);
	else if (c->opener)
		c->opener->ended(c->opener, c);
}

static void on_connect(struct conn *c)
{
	struct opener *o = c->opener;
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		conn_fail(c, "connect", error);
		return;
	}
	c->connecting = false;
	report_conn(c, "connected", "%s", "");
	if (o)
		o->connected(o, c);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd, (void)what;
	if (c->connecting)
		on_connect(c);
	if (!conn_is_gone(c))
		conn_pull(c);
	if (!conn_is_gone(c))
		conn_push(c);
}

int conn_watch(struct conn *c)
{
	short what = EV_READ | EV_WRITE | EV_ET | EV_PERSIST;

	if (event_assign(&c->event, c->peer->base, c->fd, what, on_event, c) < 0)
		return -1;
	return event_add(&c->event, NULL);
}
