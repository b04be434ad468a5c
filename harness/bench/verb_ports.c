/* SPDX-License-Identifier: BSD-2-Clause */
/* `lastack bench ports`: shows the cliff at half of the range, and what removes it. */
#include "core/clock.h"
#include "ports.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "svg.h"
#include "verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double lo, hi;
} fills[] = {{"0-1 %", 0, 0.01}, {"10 %", 0.095, 0.105}, {"20 %", 0.195, 0.205},
        {"30 %", 0.295, 0.305}, {"40 %", 0.395, 0.405}, {"48-49 %", 0.48, 0.49},
        {"51-52 %", 0.51, 0.52}, {"60 %", 0.595, 0.605}, {"70 %", 0.695, 0.705},
        {"80 %", 0.795, 0.805}, {"90 %", 0.895, 0.905}, {"98-99 %", 0.98, 0.99}};

#define N_FILLS (sizeof fills / sizeof *fills)

static void heads(FILE *out, const char *first)
{
	fprintf(out, "%-16s", first);
	for (int m = 0; m < METHOD_COUNT; m++)
		fprintf(out, "%21s", ports_method_name((enum ports_method)m));
	fprintf(out, "\n");
}

/* What the next connection met, as a word; a method's end in a table and in JSON. */
static const char *next_one(const struct ports_run *p)
{
	switch (p->end) {
	case PORTS_NOT_RUN:
		return "(not run)";
	case PORTS_INTERRUPTED:
		return "(interrupted)";
	case PORTS_EXPIRED:
		return "(a minute is over)";
	case PORTS_FAILED:
		return strerrorname_np(p->error);
	case PORTS_REUSED:
		return "reuses TIME_WAIT";
	}
	return "?";
}

static void number(FILE *out, int known, double v, int digits)
{
	if (known)
		fprintf(out, "%21.*f", digits, v);
	else
		fprintf(out, "%21s", "-");
}

static void ends(FILE *out, const struct ports_run runs[METHOD_COUNT])
{
	fprintf(out, "%-16s", "opened");
	for (int m = 0; m < METHOD_COUNT; m++)
		number(out, runs[m].end != PORTS_NOT_RUN, runs[m].n, 0);
	fprintf(out, "\n%-16s", "the next one");
	for (int m = 0; m < METHOD_COUNT; m++)
		fprintf(out, "%21s", next_one(&runs[m]));
	fprintf(out, "\n%-16s", "fails after us");
	for (int m = 0; m < METHOD_COUNT; m++)
		number(out, runs[m].end == PORTS_FAILED, (double)runs[m].error_ns / 1e3, 1);
	fprintf(out, "\n");
}

static void table(FILE *out, const struct ports_run runs[METHOD_COUNT])
{
	unsigned n = runs[0].hi - runs[0].lo + 1;

	fprintf(out,
	        "us for bind() and connect(), median, while this share of the %u port%s from %u to "
	        "%u is in TIME_WAIT\n\n",
	        n, bench_plural(n), runs[0].lo, runs[0].hi);
	heads(out, "held");
	for (size_t i = 0; i < N_FILLS; i++) {
		fprintf(out, "%-16s", fills[i].name);
		for (int m = 0; m < METHOD_COUNT; m++) {
			double us = ports_cost_us(&runs[m], fills[i].lo, fills[i].hi);

			number(out, us > 0, us, 1);
		}
		fprintf(out, "\n");
	}
	ends(out, runs);
}

static json_t *costs(const struct ports_run *p)
{
	json_t *cost = json_array();

	for (int i = 0; i < 100; i++) {
		double us = ports_cost_us(p, i / 100.0, (i + 1) / 100.0);

		json_array_append_new(cost, us > 0 ? json_real(us) : json_null());
	}
	return cost;
}

/* What isn't known is null: "then" of a method that has not come to its end, and all of one not
 * run.
 */
static json_t *method(const struct ports_run *p)
{
	int run = p->end != PORTS_NOT_RUN, ended = p->end == PORTS_FAILED || p->end == PORTS_REUSED;
	json_t *j = json_pack("{s:s, s:i, s:b, s:b, s:b}", "method", ports_method_name(p->method),
	        "ports", (int)(p->hi - p->lo + 1), "run", run, "interrupted",
	        p->end == PORTS_INTERRUPTED, "expired", p->end == PORTS_EXPIRED);

	json_object_set_new(j, "opened", run ? json_integer(p->n) : json_null());
	json_object_set_new(j, "then",
	        ended ? json_string(p->end == PORTS_FAILED ? strerrorname_np(p->error) : "")
	              : json_null());
	json_object_set_new(j, "fails_after_us",
	        p->end == PORTS_FAILED ? json_real((double)p->error_ns / 1e3) : json_null());
	json_object_set_new(j, "cost_us_by_percent_held", costs(p));
	return j;
}

static void as_json(FILE *out, const struct ports_run runs[METHOD_COUNT])
{
	json_t *all = json_array();

	for (int m = 0; m < METHOD_COUNT; m++)
		json_array_append_new(all, method(&runs[m]));
	json_dumpf(all, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(all);
}

static void as_csv(FILE *out, const struct ports_run runs[METHOD_COUNT])
{
	fprintf(out, "percent_held,kernel_us,range_us,bind_us,bind_0_us\n");
	for (int i = 0; i < 100; i++) {
		fprintf(out, "%d", i);
		for (int m = 0; m < METHOD_COUNT; m++) {
			double us = ports_cost_us(&runs[m], i / 100.0, (i + 1) / 100.0);

			fprintf(out, us > 0 ? ",%.1f" : ",", us);
		}
		fprintf(out, "\n");
	}
}

static double greatest(const struct ports_run runs[METHOD_COUNT])
{
	double most = 0;

	for (int m = 0; m < METHOD_COUNT; m++)
		for (int i = 0; i < 100; i++)
			most = fmax(most, ports_cost_us(&runs[m], i / 100.0, (i + 1) / 100.0));
	return most;
}

static void plot(FILE *out, const struct ports_run runs[METHOD_COUNT])
{
	struct svg_axis x = {.label = "% held", .hi = 100};
	struct svg_axis y = {.lo = 1, .hi = 100, .log = 1};
	double most = greatest(runs);
	struct svg s;

	while (most > y.hi)
		y.hi *= 10;
	svg_begin(&s, out, 1, "What a connection costs as the ports fill up",
	        "bind() and connect(), median of each percent of the range in TIME_WAIT", "");
	svg_chart(&s, "us", &x, &y);
	for (int m = 0; m < METHOD_COUNT; m++) {
		svg_line(&s, ports_method_name((enum ports_method)m));
		for (int i = 0; i < 100; i++) {
			double us = ports_cost_us(&runs[m], i / 100.0, (i + 1) / 100.0);

			if (us > 0)
				svg_point(&s, i + 0.5, us);
		}
		svg_line_end(&s);
	}
	svg_end(&s);
}

/* The range that the options ask for, before what else is set. */
static void set_range(struct bench_config *c, const struct bench_options *o)
{
	char range[32];

	c->set.v = NULL;
	c->set.n = c->set.cap = 0;
	snprintf(range, sizeof range, "%u %u", o->port_lo, o->port_hi);
	settings_add(c, "client", "net.ipv4.ip_local_port_range", range);
	array_each (const struct bench_setting, x, &o->config.set)
		array_push(&c->set, *x);
}

static int measure(const struct bench_options *o, struct ports_run *runs, struct err *err)
{
	struct bench_config c = o->config;
	int failed = 0;

	set_range(&c, o);
	for (int m = 0; m < METHOD_COUNT; m++) {
		runs[m].method = (enum ports_method)m;
		runs[m].family = c.family;
		runs[m].progress = c.progress;
		runs[m].lo = o->port_lo;
		runs[m].hi = o->port_hi;
	}
	for (int m = 0; m < METHOD_COUNT && !failed; m++) {
		failed = ports_measure(&runs[m], &c, err);
		if (runs[m].end == PORTS_INTERRUPTED || bench_asked_to_stop())
			break;
	}
	array_free(&c.set); /* all else is not ours */
	return failed;
}

static void show(FILE *out, const struct bench_options *o, const struct ports_run *runs)
{
	switch (o->format) {
	case FORMAT_TABLE:
		table(out, runs);
		break;
	case FORMAT_JSON:
		as_json(out, runs);
		break;
	case FORMAT_CSV:
		as_csv(out, runs);
		break;
	}
}

int verb_ports(const struct bench_options *o, FILE *out, struct err *err)
{
	FILE *picture = o->plot ? svg_open(o->plot, err) : NULL;
	struct ports_run *runs;
	int failed;

	if (o->plot && !picture)
		return -1;
	runs = must(calloc(METHOD_COUNT, sizeof *runs));
	failed = measure(o, runs, err);
	if (!failed) {
		show(out, o, runs);
		if (picture)
			plot(picture, runs);
	}
	if (svg_close(picture, o->plot, !failed, err))
		failed = -1;
	free(runs);
	return failed;
}
