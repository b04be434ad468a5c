/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"
#include "verbs.h"

#include <stdlib.h>

int verb_run(const struct bench_options *o, FILE *out, struct err *err)
{
	struct bench_result *r = must(calloc(1, sizeof *r));
	int failed = bench_run(&o->config, r, err);

	if (!failed) {
		show_result(out, o, r);
		if (o->plot)
			failed = show_plot(o->plot, o, r, err);
	}
	free(r);
	return failed;
}
