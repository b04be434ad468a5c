/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a cell takes: builds empty ones, one after the other, and takes them down. */
#include "command.h"

#include "core/array.h"
#include "core/clock.h"
#include "netns/cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef ARRAY(uint64_t) samples;

/* In the cell: "" when it is ready, else what went wrong. Then waits for its end. */
static int build(void *arg, int channel)
{
	const struct cell_config config = {
	        .topology = {.link = LINK_VETH, .addresses = {1, 1, 1}},
	        .taken_in_on = 1,
	};
	struct cell cell;
	struct err err = {0};
	char word;

	(void)arg;
	cell_build(&cell, &config, &err);
	if (send(channel, err.text, strlen(err.text) + 1, MSG_NOSIGNAL) < 0)
		return 3;
	return recv(channel, &word, 1, 0) < 0;
}

static int one(samples *up, samples *down, struct err *err)
{
	uint64_t began = clock_now_ns(), ready;
	struct cell_process p;
	char said[1024] = "the runner of the cell died";

	if (cell_spawn(&p, build, NULL, err))
		return -1;
	while (recv(p.channel, said, sizeof said, 0) < 0 && errno == EINTR)
		;
	ready = clock_now_ns();
	cell_end(&p);
	if (*said)
		return err_set(err, ERR_LAB, "%s", said);
	array_push(up, ready - began);
	array_push(down, clock_now_ns() - ready);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *what, samples *s)
{
	char lo[24], mid[24], hi[24];

	qsort(s->v, s->n, sizeof *s->v, by_size);
	printf("%-10s %s median, %s to %s\n", what, duration_format(s->v[s->n / 2], mid, sizeof mid),
	        duration_format(s->v[0], lo, sizeof lo),
	        duration_format(s->v[s->n - 1], hi, sizeof hi));
}

static int cell(int argc, char **argv)
{
	samples up = {0}, down = {0};
	struct err err = {0};
	unsigned long n = 20;
	char *end = NULL;

	if (argc > 1)
		n = strtoul(argv[1], &end, 10);
	if (argc > 2 || !n || n > 100000 || (end && *end)) {
		err_set(&err, ERR_INPUT, "cell takes one number, of cells, from 1 to 100000");
		return command_error(&err);
	}
	while (n-- && !err.kind)
		one(&up, &down, &err);
	if (!err.kind) {
		printf("%zu cells of two hosts and a veth, one after the other\n", up.n);
		print("ready in", &up);
		print("down in", &down);
	}
	array_free(&up);
	array_free(&down);
	return err.kind ? command_error(&err) : EXIT_PASSED;
}

const struct command command_cell = {
        .name = "cell",
        .usage = "cell [N]",
        .help = "how long it takes to build a cell and to take it down",
        .main = cell,
};
