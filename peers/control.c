/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"
#include "command.h"
#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[COMMAND_LINE];
static size_t used;
static bool overlong; /* in the middle of a line that was refused */

static void take_line(struct peer *p, char *line, size_t n)
{
	if (overlong) {
		overlong = false;
		return;
	}
	line[n] = 0;
	if (memchr(line, 0, n))
		command_refuse(p, 0, "a line with a zero byte");
	else
		command_run(p, line);
}

static void take_lines(struct peer *p)
{
	char *start = buffer, *newline;

	while ((newline = memchr(start, '\n', used - (size_t)(start - buffer)))) {
		take_line(p, start, (size_t)(newline - start));
		start = newline + 1;
	}
	used -= (size_t)(start - buffer);
	memmove(buffer, start, used);
	if (used < sizeof buffer)
		return;
	if (!overlong)
		command_refuse(p, 0, "a line that is too long");
	overlong = true;
	used = 0;
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	ssize_t n = read(fd, buffer + used, sizeof buffer - used);

	(void)what;
	if (n > 0) {
		used += (size_t)n;
		take_lines(p);
	} else if (n == 0) {
		/*
		 * Whoever gave the orders is gone. Out at once: an orderly close of ten thousand
		 * connections would be an experiment that nobody asked for.
		 */
		peer_quit(p, 0);
	} else if (errno == EIO) {
		event_del(&p->control); /* the terminal belongs to another job now */
	} else if (errno != EINTR && errno != EAGAIN) {
		fprintf(stderr, "%s: standard input: %m\n", p->program->name);
		peer_quit(p, 3);
	}
}

void control_open(struct peer *p, bool by_hand)
{
	signal(SIGTTIN, SIG_IGN); /* started with & from a terminal */
	event_assign(&p->control, p->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, p);
	if (!event_add(&p->control, NULL) || by_hand)
		return;
	fprintf(stderr, "%s: commands come from a pipe, a socket or a terminal (see --help)\n",
	        p->program->name);
	peer_quit(p, 2);
}
