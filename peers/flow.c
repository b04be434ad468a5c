/* SPDX-License-Identifier: BSD-2-Clause */
/* What a connection reads and sends, and how it finds out that it has ended. */
#include "core/err.h"
#include "peer.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK 65536
#define TURNS 64 /* chunks for one connection before the others have their turn */

static char chunk[CHUNK]; /* what is read ends here */

/* What is sent: a text that no dissector of Wireshark takes for a protocol of its own. */
static const char *payload(void)
{
	static char text[CHUNK];

	if (!*text)
		memset(text, '.', sizeof text);
	return text;
}

static void on_broken(struct conn *c, const char *call, int error)
{
	report_failed(c, call, error);
	c->broken = true;
	event_del(&c->event);
	conn_drop_output(c);
	conn_ended(c, c->peer->behaviour->on_reset);
}

static void on_eof(struct conn *c)
{
	c->eof = true;
	report_conn(c, "eof", "%s", "");
	conn_ended(c, c->peer->behaviour->on_eof);
}

static void drain(struct conn *c)
{
	uint64_t bytes = 0;
	ssize_t n = 1;
	int error;

	for (int i = 0; i < TURNS && n > 0; i++) {
		n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT | MSG_TRUNC);
		if (n > 0)
			bytes += (uint64_t)n;
	}
	error = errno;
	if (bytes)
		report_conn(c, "received", "bytes=%" PRIu64, bytes);
	if (bytes && c->peer->behaviour->on_data && !c->peer->held)
		c->peer->behaviour->on_data(c, bytes);
	if (conn_is_gone(c) || c->broken)
		return;
	if (n == 0)
		on_eof(c);
	else if (n > 0 || error == EINTR)
		event_active(&c->event, EV_READ, 0);
	else if (error != EAGAIN)
		on_broken(c, "read", error);
}

/* Something that may not be read: is there any? */
static void peek(struct conn *c)
{
	ssize_t n = recv(c->fd, chunk, 1, MSG_DONTWAIT | MSG_PEEK);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		on_broken(c, "read", errno);
	else if (n == 0)
		on_eof(c);
	else if (n > 0)
		c->peer->behaviour->on_arrival(c);
}

/* A reset is an error of the socket even when nobody reads, or when end of file was read before. */
static void look_for_error(struct conn *c)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		on_broken(c, "read", error);
}

void conn_pull(struct conn *c)
{
	const struct peer *p = c->peer;

	if (c->broken || c->connecting)
		return;
	if (!c->eof && p->reading)
		drain(c);
	else if (!c->eof && p->behaviour->on_arrival && !p->held)
		peek(c);
	else
		look_for_error(c);
}

static void output_done(struct conn *c)
{
	struct output *o = c->output;

	c->output = o->next;
	if (!c->output)
		c->output_end = &c->output;
	if (o->job)
		job_release(o->job);
	free(o);
}

void conn_drop_output(struct conn *c)
{
	if (c->output && !c->broken)
		report_failed(c, "send", ECANCELED);
	while (c->output)
		output_done(c);
}

static void on_send_error(struct conn *c, int error)
{
	if (error == EPIPE && c->shut) { /* our own doing: the other direction is well */
		report_failed(c, "send", error);
		while (c->output)
			output_done(c);
		return;
	}
	on_broken(c, "send", error);
}

static void report_sent(struct conn *c, uint64_t *bytes)
{
	if (*bytes)
		report_conn(c, "sent", "bytes=%" PRIu64, *bytes);
	*bytes = 0;
}

/* 0, or errno. Each command's share is reported before the command is done. */
static int send_some(struct conn *c)
{
	uint64_t bytes = 0;
	int error = 0;

	for (int i = 0; i < TURNS && c->output; i++) {
		struct output *o = c->output;
		size_t size = o->left < CHUNK ? o->left : CHUNK;
		ssize_t n = send(c->fd, payload(), size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			error = errno;
			break;
		}
		bytes += (uint64_t)n;
		o->left -= (uint64_t)n;
		if (o->left)
			continue;
		report_sent(c, &bytes);
		output_done(c);
	}
	report_sent(c, &bytes);
	return error;
}

void conn_push(struct conn *c)
{
	int error;

	if (!c->output || c->connecting)
		return;
	error = send_some(c);
	if (error && error != EAGAIN && error != EINTR)
		on_send_error(c, error);
	else if (c->output && error != EAGAIN)
		event_active(&c->event, EV_WRITE, 0);
	else if (!c->output && c->peer->behaviour->on_sent && !c->peer->held)
		c->peer->behaviour->on_sent(c);
}

void conn_send(struct conn *c, uint64_t bytes, struct job *job)
{
	struct output *o = must(calloc(1, sizeof *o));
	bool waits = c->output;

	o->job = job ? job_hold(job) : NULL;
	o->left = bytes;
	*c->output_end = o;
	c->output_end = &o->next;
	if (!waits)
		conn_push(c);
}
