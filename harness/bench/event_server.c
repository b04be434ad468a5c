/* SPDX-License-Identifier: BSD-2-Clause */
/* The server side of the engine `event`. */
#include "engine_event.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { STEP_RECV, STEP_SEND, STEP_EOF };

struct conn {
	struct event ev;
	struct server *s;
	struct conn *next_free;
	int fd;
	short waits;
	enum step step;
	size_t moved;
};

/* Connections are taken from chunks, which only grow: memory is flat once a run is under way. */
struct chunk {
	struct chunk *next;
	struct conn v[256];
};

struct server {
	struct worker *w;
	struct event *accept;
	int listener;
	struct chunk *chunks;
	struct conn *free;
	char *scratch;
};

static void advance(evutil_socket_t fd, short what, void *arg);

static struct conn *take(struct server *s)
{
	struct conn *c = s->free;

	if (!c) {
		struct chunk *k = must(calloc(1, sizeof *k));

		k->next = s->chunks;
		s->chunks = k;
		for (size_t i = 0; i < sizeof k->v / sizeof *k->v; i++) {
			k->v[i].fd = -1;
			k->v[i].s = s;
			k->v[i].next_free = s->free;
			s->free = &k->v[i];
		}
		c = s->free;
	}
	s->free = c->next_free;
	c->moved = 0;
	c->step = STEP_RECV;
	return c;
}

static void finish(struct conn *c, int reset)
{
	struct server *s = c->s;

	if (c->waits)
		event_del(&c->ev);
	c->waits = 0;
	if (reset)
		event_abort(c->fd);
	else
		close(c->fd);
	c->fd = -1;
	c->next_free = s->free;
	s->free = c;
	live_add(&s->w->live.done);
}

static void broken(struct conn *c, enum bench_call call, int error)
{
	worker_failed(c->s->w, call, error);
	finish(c, 0);
}

static int wait_for(struct conn *c, short what)
{
	if (c->waits == what)
		return 0;
	if (c->waits)
		event_del(&c->ev);
	event_assign(&c->ev, c->s->w->base, c->fd, what | EV_PERSIST, advance, c);
	event_add(&c->ev, NULL);
	c->waits = what;
	return 0;
}

static int step_recv(struct conn *c)
{
	size_t size = c->s->w->config->request;

	switch (event_recv(c->fd, c->s->scratch, BENCH_SCRATCH, size, &c->moved)) {
	case DONE:
		c->step = STEP_SEND;
		c->moved = 0;
		return 1;
	case WAIT:
		return wait_for(c, EV_READ);
	case ENDED:
		broken(c, CALL_RECV, ENODATA);
		return 0;
	case BROKEN:
		broken(c, CALL_RECV, errno);
		return 0;
	}
	return 0;
}

static int step_send(struct conn *c)
{
	const struct bench_config *config = c->s->w->config;

	switch (event_send(c->fd, c->s->scratch, config->response, &c->moved)) {
	case DONE:
		break;
	case WAIT:
		return wait_for(c, EV_WRITE);
	case ENDED:
	case BROKEN:
		broken(c, CALL_SEND, errno);
		return 0;
	}
	if (config->closer == SIDE_SERVER && config->how != HOW_HALF) {
		finish(c, config->how == HOW_RST);
		return 0;
	}
	if (config->closer == SIDE_SERVER && shutdown(c->fd, SHUT_WR)) {
		broken(c, CALL_CLOSE, errno);
		return 0;
	}
	c->step = STEP_EOF;
	c->moved = 0;
	return wait_for(c, EV_READ); /* it rarely is there yet: spares the try */
}

static int step_eof(struct conn *c)
{
	switch (event_recv(c->fd, c->s->scratch, BENCH_SCRATCH, 1, &c->moved)) {
	case WAIT:
		return wait_for(c, EV_READ);
	case ENDED:
		finish(c, 0);
		return 0;
	case BROKEN:
		if (errno == ECONNRESET && c->s->w->config->how == HOW_RST)
			finish(c, 0);
		else
			broken(c, CALL_RECV, errno);
		return 0;
	case DONE:
		broken(c, CALL_RECV, EPROTO);
		return 0;
	}
	return 0;
}

static void advance(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	int more = 1;

	(void)fd;
	(void)what;
	while (more) {
		switch (c->step) {
		case STEP_RECV:
			more = step_recv(c);
			break;
		case STEP_SEND:
			more = step_send(c);
			break;
		case STEP_EOF:
			more = step_eof(c);
			break;
		}
	}
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	for (int n = 0; n < 64; n++) {
		int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct conn *c;

		if (conn < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED)
				worker_failed(s->w, CALL_ACCEPT, errno);
			return;
		}
		worker_accepted(s->w);
		c = take(s);
		c->fd = conn;
		advance(conn, EV_READ, c);
	}
}

int event_server_open(struct worker *w, struct err *err)
{
	struct server *s = must(calloc(1, sizeof *s));

	w->state = s;
	s->w = w;
	s->scratch = must(calloc(1, BENCH_SCRATCH));
	s->listener = bench_listen(w, err);
	if (s->listener < 0)
		return -1;
	s->accept = event_new(w->base, s->listener, EV_READ | EV_PERSIST, on_accept, s);
	if (!s->accept || event_add(s->accept, NULL))
		return err_set(err, ERR_LAB, "libevent takes no event");
	return 0;
}

void event_server_go(struct worker *w)
{
	(void)w; /* it accepts from the beginning */
}

static void close_all(struct server *s)
{
	while (s->chunks) {
		struct chunk *k = s->chunks;

		s->chunks = k->next;
		for (size_t i = 0; i < sizeof k->v / sizeof *k->v; i++) {
			if (k->v[i].waits)
				event_del(&k->v[i].ev);
			if (k->v[i].fd >= 0)
				close(k->v[i].fd);
		}
		free(k);
	}
}

void event_server_close(struct worker *w)
{
	struct server *s = w->state;

	if (!s)
		return;
	close_all(s);
	if (s->accept)
		event_free(s->accept);
	if (s->listener >= 0)
		close(s->listener);
	free(s->scratch);
	free(s);
	w->state = NULL;
}
