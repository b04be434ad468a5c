/* SPDX-License-Identifier: BSD-2-Clause */
#include "listen.h"
#include "core/array.h"
#include "peers/peer.h"
#include "peers/report.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096

struct listener {
	struct peer *peer;
	int fd;
	struct event event;
	bool watched;
};

/* A server is one process with one set of listeners; they live as long as it does. */
static ARRAY(struct listener *) listeners;
/* No descriptor or memory was left: accepting pauses until one of ours is closed. */
static bool out_of_descriptors;

static void set_options(struct listener *l)
{
	const struct peer *p = l->peer;
	int keepalive = p->keepalive;

	/* Accepted sockets inherit these; later the window's scale would be settled already. */
	if (p->rcvbuf && setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &p->rcvbuf, sizeof p->rcvbuf) < 0)
		report_failed_command(l->peer, 0, "setsockopt", errno);
	if (p->sndbuf && setsockopt(l->fd, SOL_SOCKET, SO_SNDBUF, &p->sndbuf, sizeof p->sndbuf) < 0)
		report_failed_command(l->peer, 0, "setsockopt", errno);
	if (setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, sizeof keepalive) < 0)
		report_failed_command(l->peer, 0, "setsockopt", errno);
}

void listeners_sync(struct peer *p)
{
	out_of_descriptors = false;
	array_each (struct listener *, it, &listeners) {
		struct listener *l = *it;

		set_options(l);
		if (p->accepting == l->watched)
			continue;
		if ((p->accepting ? event_add(&l->event, NULL) : event_del(&l->event)) < 0)
			report_failed_command(p, 0, "epoll_ctl", errno);
		else
			l->watched = p->accepting;
	}
}

static void pause_accepting(struct listener *l, int error)
{
	struct peer *p = l->peer;

	report_failed_command(p, 0, "accept", error);
	out_of_descriptors = true;
	array_each (struct listener *, it, &listeners) {
		event_del(&(*it)->event);
		(*it)->watched = false;
	}
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *remote)
{
	struct conn *c = conn_new(l->peer, NULL);

	c->fd = fd;
	endpoint_from_sockaddr((const struct sockaddr *)remote, &c->tuple.remote);
	conn_learn(c);
	report_conn(c, "accepted", "%s", "");
	if (conn_watch(c) < 0)
		conn_fail(c, "epoll_ctl", errno);
}

/* One connection. False when there is none, or none can be had. */
static bool accept_one(struct listener *l)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		take(l, fd, &sa);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EINTR:
		return true;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		pause_accepting(l, errno);
		return false;
	default: /* of this one connection, as accept(2) says: the next one is well */
		report_failed_command(l->peer, 0, "accept", errno);
		return errno != EBADF && errno != EINVAL && errno != ENOTSOCK;
	}
}

static void drain(struct listener *l)
{
	while (l->peer->accepting && !out_of_descriptors && accept_one(l))
		;
}

static void on_incoming(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	drain(arg);
}

void listeners_drain(struct peer *p)
{
	(void)p;
	array_each (struct listener *, it, &listeners)
		drain(*it);
}

static void report_listening(const struct listener *l)
{
	struct sockaddr_storage sa;
	struct endpoint e = {0};
	char text[ENDPOINT_TEXT];
	uint64_t cookie = 0;
	socklen_t len = sizeof sa;

	if (!getsockname(l->fd, (struct sockaddr *)&sa, &len))
		endpoint_from_sockaddr((struct sockaddr *)&sa, &e);
	len = sizeof cookie;
	if (getsockopt(l->fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		cookie = 0;
	report(l->peer, "listening", "local=%s cookie=%" PRIu64,
	        endpoint_format(&e, text, sizeof text), cookie);
}

/* 0, or -1 with errno and the call that failed. */
static int open_listener(
        struct listener *l, const struct endpoint *e, int backlog, const char **ret_call)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(e, &sa);
	int one = 1;

	*ret_call = "socket";
	l->fd = socket(e->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -1;
	set_options(l);
	*ret_call = "setsockopt";
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		return -1;
	if (e->family == AF_INET6 &&
	        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0)
		return -1;
	*ret_call = "bind";
	if (bind(l->fd, (struct sockaddr *)&sa, len) < 0)
		return -1;
	*ret_call = "listen";
	return listen(l->fd, backlog);
}

int listen_run(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	const char *backlog_word = command_option(c, "backlog"), *call;
	unsigned long backlog = BACKLOG;
	struct listener *l;
	struct endpoint e;

	(void)j;
	if (command_endpoint(c->args[0], &e, err) < 0 ||
	        (backlog_word &&
	                command_number(backlog_word, "backlog", INT32_MAX, &backlog, err) < 0))
		return -1;
	l = must(calloc(1, sizeof *l));
	l->peer = p;
	if (open_listener(l, &e, (int)backlog, &call) < 0) {
		report_failed_command(p, c->number, call, errno);
		if (l->fd >= 0)
			close(l->fd);
		free(l);
		return 0;
	}
	event_assign(&l->event, p->base, l->fd, EV_READ | EV_PERSIST, on_incoming, l);
	array_push(&listeners, l);
	report_listening(l);
	listeners_sync(p);
	return 0;
}

int accept_run(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	bool on;

	(void)j;
	if (command_switch(c->args[0], &on, err) < 0)
		return -1;
	p->accepting = on;
	listeners_sync(p);
	return 0;
}
