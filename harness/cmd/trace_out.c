/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_out.h"

#include "cmd/command.h"
#include "cmd/trace_stop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define BUFFER      65536

struct trace_out {
	FILE *stream;
	int error;         /* errno of a write that failed */
	int given_up;      /* from here on all is dropped */
	unsigned long cut; /* lines that were not written */
};

/* 0: it has to end, and nobody takes anything. */
static int wait_for_reader(void)
{
	for (;;) {
		int asked = trace_stop_asked();
		int patience = !asked ? -1 : trace_stop_insisted() ? 0 : PATIENCE_MS;
		struct pollfd p[] = {{STDOUT_FILENO, POLLOUT, 0}, {trace_stop_fd(), POLLIN, 0}};
		int n = poll(p, asked ? 1 : 2, patience);

		if (n > 0 && p[0].revents)
			return 1;
		if (!n)
			return 0;
	}
}

static void drop(struct trace_out *o, const char *text, size_t n)
{
	const char *end = text + n;

	o->given_up = 1;
	while (text < end && (text = memchr(text, '\n', (size_t)(end - text)))) {
		o->cut++;
		text++;
	}
}

/* A pipe that has room at all takes PIPE_BUF bytes without waiting. */
static ssize_t put(void *arg, const char *text, size_t n)
{
	struct trace_out *o = arg;
	size_t done = 0;

	while (done < n) {
		size_t piece = n - done < PIPE_BUF ? n - done : PIPE_BUF;
		ssize_t written;

		if (o->given_up || !wait_for_reader()) {
			drop(o, text + done, n - done);
			break;
		}
		written = write(STDOUT_FILENO, text + done, piece);
		if (written >= 0) {
			done += (size_t)written;
		} else if (errno != EINTR && errno != EAGAIN) {
			o->error = errno;
			return 0;
		}
	}
	return (ssize_t)n;
}

struct trace_out *trace_out_new(void)
{
	struct trace_out *o = must(calloc(1, sizeof *o));

	o->stream = must(fopencookie(o, "w", (cookie_io_functions_t){.write = put}));
	setvbuf(o->stream, NULL, _IOFBF, BUFFER);
	return o;
}

FILE *trace_out_stream(struct trace_out *o)
{
	return o->stream;
}

int trace_out_given_up(const struct trace_out *o)
{
	return o->given_up;
}

int trace_out_end(struct trace_out *o, int code)
{
	int failed;

	fclose(o->stream);
	failed = o->given_up || (o->error && o->error != EPIPE);
	if (o->given_up)
		fprintf(stderr, "%lu line%s not written: nobody read on\n", o->cut,
		        o->cut == 1 ? " was" : "s were");
	else if (failed)
		fprintf(stderr, "lastack: writing the output: %s\n", strerror(o->error));
	trace_stop_end();
	free(o);
	return failed && code >= 0 ? EXIT_LAB : code;
}
