/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"
#include "svg.h"
#include "verbs.h"

#include <stdlib.h>

int verb_run(const struct bench_options *o, FILE *out, struct err *err)
{
	FILE *plot = o->plot ? svg_open(o->plot, err) : NULL;
	struct bench_result *r;
	int failed;

	if (o->plot && !plot)
		return -1;
	r = must(calloc(1, sizeof *r));
	failed = bench_run(&o->config, r, err);
	if (!failed) {
		show_result(out, o, r);
		if (plot)
			show_plot(plot, o, r);
	}
	if (svg_close(plot, o->plot, !failed, err))
		failed = -1;
	free(r);
	return failed;
}
