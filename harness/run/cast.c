/* SPDX-License-Identifier: BSD-2-Clause */
/* The peers: one process a host, driven over its standard input and output. */
#include "runner.h"

#include "core/clock.h"
#include "observe/peerlog.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct peer {
	struct runner *r;
	enum host host;
	pid_t pid;
	int in, out, errors; /* its standard three; -1 closed */
	struct evbuffer *to, *from, *words;
	struct event *writable, *readable, *said;
	int ready;
};

struct cast {
	struct runner *r;
	struct event *children; /* SIGCHLD */
	struct peer peers[2];   /* HOST_CLIENT, HOST_SERVER */
};

static void peer_event(struct peer *p, enum peer_verb verb, int status)
{
	struct event e = {.kind = EV_PEER, .source = SRC_PEER, .host = p->host};

	e.peer.verb = verb;
	e.peer.status = status;
	runner_emit(p->r, &e);
}

static void take_line(struct peer *p, const char *line)
{
	enum peer_verb ready = p->host == HOST_SERVER ? PEER_LISTENING : PEER_READY;
	struct event e;
	struct err err = {0};

	if (peerlog_parse(line, &e, &err)) {
		err_prefix(&err, "the %s's report", actor_names[p->host]);
		runner_trouble(p->r, &err);
		return;
	}
	e.host = p->host;
	if (e.t_ns > clock_now_ns()) { /* every deadline would have passed */
		err_set(&err, ERR_LAB,
		        "the %s's report is of a time to come: CLOCK_MONOTONIC is meant",
		        actor_names[p->host]);
		runner_trouble(p->r, &err);
		return;
	}
	if (e.peer.verb == ready)
		p->ready = 1;
	runner_emit(p->r, &e);
}

enum reading { READ_SOME, READ_ALL_FOR_NOW, READ_END };

/* libevent takes 4 KiB at a time, whatever there is. */
static enum reading read_from(int fd, struct evbuffer *to)
{
	int n = evbuffer_read(to, fd, -1);

	if (n > 0 || (n < 0 && errno == EINTR))
		return READ_SOME;
	return n < 0 && errno == EAGAIN ? READ_ALL_FOR_NOW : READ_END;
}

static enum reading take_lines(struct peer *p)
{
	enum reading r = read_from(p->out, p->from);
	char *line;

	while ((line = evbuffer_readln(p->from, NULL, EVBUFFER_EOL_LF))) {
		take_line(p, line);
		free(line);
	}
	watch_kick(p->r->watch);
	return r;
}

static void on_report(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	if (take_lines(p) == READ_END)
		event_del(p->readable);
}

static enum reading take_words(struct peer *p)
{
	enum reading r = read_from(p->errors, p->words);
	char *line;

	while ((line = evbuffer_readln(p->words, NULL, EVBUFFER_EOL_LF))) {
		runner_note(p->r, p->host, "%s", line);
		free(line);
	}
	return r;
}

static void on_words(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	if (take_words(p) == READ_END)
		event_del(p->said);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)what;
	/* A dead peer is found out by SIGCHLD, which says more. */
	if (evbuffer_write(p->to, fd) < 0 && errno != EAGAIN)
		evbuffer_drain(p->to, evbuffer_get_length(p->to));
	if (evbuffer_get_length(p->to))
		event_add(p->writable, NULL);
}

static void peer_close(struct peer *p)
{
	struct event **events[] = {&p->writable, &p->readable, &p->said};
	struct evbuffer **buffers[] = {&p->to, &p->from, &p->words};
	int *fds[] = {&p->in, &p->out, &p->errors};

	for (int i = 0; i < 3; i++) {
		if (*events[i])
			event_free(*events[i]);
		if (*buffers[i])
			evbuffer_free(*buffers[i]);
		if (*fds[i] >= 0)
			close(*fds[i]);
		*events[i] = NULL;
		*buffers[i] = NULL;
		*fds[i] = -1;
	}
	p->pid = 0;
	p->ready = 0;
}

/* What it said before it died comes first. A child of its own may keep the pipe open. */
static void peer_ended(struct peer *p, int status)
{
	while (take_lines(p) == READ_SOME)
		continue;
	while (take_words(p) == READ_SOME)
		continue;
	peer_close(p);
	peer_event(p, PEER_EXITED, status);
	watch_kick(p->r->watch);
}

static void on_children(evutil_socket_t fd, short what, void *arg)
{
	struct cast *c = arg;
	int status;
	pid_t pid;

	(void)fd;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int h = 0; h < 2; h++)
			if (c->peers[h].pid == pid)
				peer_ended(&c->peers[h], status);
}

/* PF_EXITING, in the flags of /proc/PID/stat: its sockets may be closed already. */
static int is_exiting(pid_t pid)
{
	char path[64], text[512], *after;
	unsigned flags = 0;
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	after = strrchr(text, ')'); /* of the name, which may hold anything */
	if (after)
		sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %u", &flags);
	return !!(flags & 4);
}

void cast_reap(struct cast *c)
{
	for (int h = 0; h < 2; h++) {
		struct peer *p = &c->peers[h];
		int status;

		if (p->pid && is_exiting(p->pid) && waitpid(p->pid, &status, 0) == p->pid)
			peer_ended(p, status);
	}
}

struct cast *cast_new(struct runner *r, struct err *err)
{
	struct cast *c = must(calloc(1, sizeof *c));

	c->r = r;
	for (int h = 0; h < 2; h++)
		c->peers[h] = (struct peer){.r = r, .host = h, .in = -1, .out = -1, .errors = -1};
	c->children = evsignal_new(r->base, SIGCHLD, on_children, c);
	if (!c->children || event_add(c->children, NULL)) {
		err_set(err, ERR_LAB, "cannot watch for SIGCHLD");
		cast_free(c);
		return NULL;
	}
	return c;
}

void cast_free(struct cast *c)
{
	if (!c)
		return;
	for (int h = 0; h < 2; h++)
		peer_close(&c->peers[h]);
	if (c->children)
		event_free(c->children);
	free(c);
}

/* Three pipes; ours end up in the peer, the program's in fds. */
static int make_pipes(struct peer *p, int fds[3], struct err *err)
{
	int in[2], out[2], errors[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		return err_sys(err, "pipes for the %s", actor_names[p->host]);
	p->in = in[1];
	p->out = out[0];
	p->errors = errors[0];
	fds[0] = in[0];
	fds[1] = out[1];
	fds[2] = errors[1];
	evutil_make_socket_nonblocking(p->in);
	evutil_make_socket_nonblocking(p->out);
	evutil_make_socket_nonblocking(p->errors);
	return 0;
}

static void listen_on(struct peer *p)
{
	const struct host_spec *spec = &p->r->scenario->hosts[HOST_SERVER];

	cast_tell(p->r->cast, HOST_SERVER, COMMAND_SET_UP, "listen %s:%d backlog=%u",
	        p->r->order->family == 6 ? "[::]" : "0.0.0.0", SERVER_PORT,
	        spec->backlog ? spec->backlog : 4096);
}

static void set_up(struct peer *p)
{
	const struct host_spec *spec = &p->r->scenario->hosts[p->host];

	if (spec->behaviour)
		cast_tell(p->r->cast, p->host, COMMAND_SET_UP, "behave %s", spec->behaviour);
	if (spec->rcvbuf)
		cast_tell(p->r->cast, p->host, COMMAND_SET_UP, "option rcvbuf=%u", spec->rcvbuf);
	if (spec->sndbuf)
		cast_tell(p->r->cast, p->host, COMMAND_SET_UP, "option sndbuf=%u", spec->sndbuf);
	if (spec->keepalive)
		cast_tell(p->r->cast, p->host, COMMAND_SET_UP, "option keepalive=on");
	if (p->host == HOST_SERVER)
		listen_on(p);
}

int cast_start(struct cast *c, enum host h, struct err *err)
{
	struct peer *p = &c->peers[h];
	struct runner *r = c->r;
	char path[512];
	char *argv[] = {path, NULL};
	int fds[3];

	if (p->pid)
		return err_set(err, ERR_LAB, "the %s is running already", actor_names[h]);
	snprintf(path, sizeof path, "%s/lastack-%s", r->order->peers_dir, actor_names[h]);
	if (make_pipes(p, fds, err))
		return -1;
	p->pid = cell_exec(&r->cell, h, argv, fds, r->order->cpu, err);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	if (p->pid < 0) {
		p->pid = 0;
		return -1;
	}
	priority_raise_peer(p->pid);
	p->to = must(evbuffer_new());
	p->from = must(evbuffer_new());
	p->words = must(evbuffer_new());
	p->writable = must(event_new(r->base, p->in, EV_WRITE, on_writable, p));
	p->readable = must(event_new(r->base, p->out, EV_READ | EV_PERSIST, on_report, p));
	p->said = must(event_new(r->base, p->errors, EV_READ | EV_PERSIST, on_words, p));
	event_add(p->readable, NULL);
	event_add(p->said, NULL);
	set_up(p);
	return 0;
}

int cast_ready(const struct cast *c)
{
	return c->peers[HOST_CLIENT].ready && c->peers[HOST_SERVER].ready;
}

void cast_tell(struct cast *c, enum host h, unsigned number, const char *fmt, ...)
{
	struct peer *p = &c->peers[h];
	va_list ap;

	if (!p->to)
		return; /* it has ended, which the judge knows */
	evbuffer_add_printf(p->to, "%u ", number);
	va_start(ap, fmt);
	evbuffer_add_vprintf(p->to, fmt, ap);
	va_end(ap);
	evbuffer_add(p->to, "\n", 1);
	on_writable(p->in, EV_WRITE, p);
}

pid_t cast_pid(const struct cast *c, enum host h)
{
	return h < 2 ? c->peers[h].pid : 0;
}
