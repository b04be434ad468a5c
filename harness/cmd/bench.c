/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connections a second, and what their ends leave behind. */
#include "bench/run.h"
#include "bench/verbs.h"
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static int go(const struct bench_options *o, FILE *out, struct err *err)
{
	switch (o->verb) {
	case VERB_RUN:
	case VERB_SERVE:
		return verb_run(o, out, err);
	case VERB_PORTS:
		return verb_ports(o, out, err);
	case VERB_CAPACITY:
		return verb_capacity(o, out, err);
	case VERB_SWEEP:
		return verb_sweep(o, out, err);
	}
	return -1;
}

/*
 * A second Ctrl-C takes nothing of the result away. It is put together first, so that SIGTERM can
 * end a program whose reader doesn't read.
 */
static int measure(const struct bench_options *o, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = must(open_memstream(&text, &size));
	int failed;

	bench_signals(SIG_BLOCK);
	failed = go(o, out, err);
	fclose(out);
	bench_drop_signal(SIGTERM);
	if (!failed)
		fwrite(text, 1, size, stdout);
	fflush(stdout); /* main() tells what the stream has met */
	bench_drop_signal(SIGINT);
	free(text);
	return failed;
}

static int bench(int argc, char **argv)
{
	struct bench_options o;
	struct err err = {0};
	int failed = bench_options_parse(argc, argv, &o, &err);

	if (!failed && o.help)
		bench_options_print_help(stdout, o.verb);
	else if (!failed)
		failed = measure(&o, &err);
	bench_options_free(&o);
	return failed ? command_error(&err) : EXIT_PASSED;
}

const struct command command_bench = {
        .name = "bench",
        .usage = "bench [ports|capacity|sweep|serve] [OPTION]...",
        .help = "connections a second, and what their ends leave behind",
        .more = bench_options_help,
        .main = bench,
};
