/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connections a second, and what their ends leave behind. */
#include "bench/options.h"
#include "bench/show.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

static int run(const struct bench_options *o, struct err *err)
{
	struct bench_result *r = must(calloc(1, sizeof *r));
	int failed = bench_run(&o->config, r, err);

	if (!failed) {
		show_result(stdout, o, r);
		if (o->plot)
			failed = show_plot(o->plot, o, r, err);
	}
	free(r);
	return failed;
}

static int bench(int argc, char **argv)
{
	struct bench_options o;
	struct err err = {0};
	int failed = bench_options_parse(argc, argv, &o, &err);

	if (!failed)
		failed = run(&o, &err);
	bench_options_free(&o);
	return failed ? command_error(&err) : EXIT_PASSED;
}

const struct command command_bench = {
        .name = "bench",
        .usage = "bench [ports|capacity|sweep] [OPTION]...",
        .help = "connections a second, and what their ends leave behind",
        .main = bench,
};
