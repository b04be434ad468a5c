/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"
#include "core/clock.h"
#include "core/err.h"
#include "peer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE 512

static void on_room(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd, (void)what;
	p->out_waits = false;
	report_flush(p);
}

/*
 * A pipe or a socket is made non-blocking. A terminal or a file is not: a terminal shares its flags
 * with the shell, and neither keeps the loop waiting for long.
 */
void report_open(struct peer *p)
{
	struct stat st;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	p->reports = must(evbuffer_new());
	p->out_polls = !fstat(STDOUT_FILENO, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	if (flags < 0 || (p->out_polls && fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) < 0)) {
		fprintf(stderr, "%s: standard output: %m\n", p->program->name);
		_exit(3);
	}
	event_assign(&p->flush, p->base, p->out_polls ? STDOUT_FILENO : -1, EV_WRITE, on_room, p);
}

void report_flush(struct peer *p)
{
	while (!p->out_waits && evbuffer_get_length(p->reports)) {
		if (evbuffer_write(p->reports, STDOUT_FILENO) >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN || !p->out_polls || event_add(&p->flush, NULL) < 0) {
			/* Nobody reads: whoever started this program is gone. */
			fprintf(stderr, "%s: standard output: %m\n", p->program->name);
			_exit(3);
		}
		p->out_waits = true;
	}
}

static size_t put(char *line, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static size_t put(char *line, size_t n, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line + n, LINE - n, fmt, ap);
	va_end(ap);
	return n + (size_t)len < LINE ? n + (size_t)len : LINE - 1;
}

static void put_line(struct peer *p, char *line, size_t n)
{
	if (n == LINE - 1)
		n--;
	line[n++] = '\n';
	if (evbuffer_add(p->reports, line, n) < 0)
		must(NULL);
	peer_turn_end(p);
}

static size_t begin(char *line, const char *verb)
{
	return put(line, 0, "%" PRIu64 " %s", clock_now_ns(), verb);
}

static size_t put_conn(const struct conn *c, char *line, size_t n)
{
	char text[ENDPOINT_TEXT];

	n = put(line, n, " id=%u", c->id);
	if (c->cookie)
		n = put(line, n, " cookie=%" PRIu64, c->cookie);
	if (c->tuple.local.family)
		n = put(line, n, " local=%s", endpoint_format(&c->tuple.local, text, sizeof text));
	if (c->tuple.remote.family)
		n = put(line, n, " remote=%s",
		        endpoint_format(&c->tuple.remote, text, sizeof text));
	return n;
}

static size_t put_words(char *line, size_t n, const char *fmt, va_list ap)
{
	char words[LINE];

	vsnprintf(words, sizeof words, fmt, ap);
	return *words ? put(line, n, " %s", words) : n;
}

void report(struct peer *p, const char *verb, const char *fmt, ...)
{
	char line[LINE];
	size_t n = begin(line, verb);
	va_list ap;

	va_start(ap, fmt);
	n = put_words(line, n, fmt, ap);
	va_end(ap);
	put_line(p, line, n);
}

void report_conn(const struct conn *c, const char *verb, const char *fmt, ...)
{
	char line[LINE];
	va_list ap;
	size_t n;

	if (c->peer->quiet)
		return;
	n = put_conn(c, line, begin(line, verb));
	va_start(ap, fmt);
	n = put_words(line, n, fmt, ap);
	va_end(ap);
	put_line(c->peer, line, n);
}

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "EIO"; /* the kernel has no errno without a name */
}

void report_failed(const struct conn *c, const char *call, int error)
{
	char line[LINE];
	size_t n = put_conn(c, line, begin(line, "failed"));

	c->peer->failures++;
	put_line(c->peer, line, put(line, n, " call=%s error=%s", call, error_name(error)));
}

void report_failed_command(struct peer *p, unsigned command, const char *call, int error)
{
	p->failures++;
	if (command)
		report(p, "failed", "call=%s error=%s command=%u", call, error_name(error),
		        command);
	else
		report(p, "failed", "call=%s error=%s", call, error_name(error));
}
