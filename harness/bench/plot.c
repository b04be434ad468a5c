/* SPDX-License-Identifier: BSD-2-Clause */
/* A run as a picture: rate, TIME_WAIT of both sides, errors over time; the latencies' distribution.
 */
#include "run.h"
#include "show.h"
#include "svg.h"

#include "core/clock.h"

#include <math.h>
#include <string.h>

#define NINES 5 /* up to 99.999 % */

/* What a sample says at its time; `last` is the sample before. */
typedef double (*reading)(const struct bench_sample *v, const struct bench_sample *last);

static double rate(const struct bench_sample *v, const struct bench_sample *last)
{
	double passed = (double)(v->at_ns - last->at_ns) / NS_PER_S;

	return passed > 0 ? (double)(v->done - last->done) / passed : 0;
}

static double client_time_wait(const struct bench_sample *v, const struct bench_sample *last)
{
	(void)last;
	return (double)v->time_wait[SIDE_CLIENT];
}

static double server_time_wait(const struct bench_sample *v, const struct bench_sample *last)
{
	(void)last;
	return (double)v->time_wait[SIDE_SERVER];
}

static double errors(const struct bench_sample *v, const struct bench_sample *last)
{
	(void)last;
	return (double)v->errors;
}

static const struct bench_sample zero;

static size_t length(const struct bench_series *t)
{
	return t->n && !series_tells_rate(t, t->n - 1) ? t->n - 1 : t->n;
}

static double greatest(const struct bench_series *t, reading of)
{
	double most = 0;

	for (size_t i = 0; i < length(t); i++)
		most = fmax(most, of(&t->v[i], i ? &t->v[i - 1] : &zero));
	return most;
}

static void over_time(struct svg *s, const struct bench_series *t, const char *name, reading of)
{
	svg_line(s, name);
	for (size_t i = 0; i < length(t); i++)
		svg_point(s, (double)t->v[i].at_ns / NS_PER_S,
		        of(&t->v[i], i ? &t->v[i - 1] : &zero));
	svg_line_end(s);
}

static struct svg_axis time_axis(const struct bench_series *t)
{
	double end = t->n ? (double)t->v[t->n - 1].at_ns / NS_PER_S : 1;

	return (struct svg_axis){.label = "s", .hi = fmax(end, 0.1)};
}

static void chart(struct svg *s, const struct bench_result *r, const char *title, double most,
        const char *mark)
{
	struct svg_axis x = time_axis(&r->series);
	struct svg_axis y = {.hi = svg_round_up(most), .whole = 1};

	svg_chart(s, title, &x, &y);
	if (r->full.at_ns)
		svg_mark(s, (double)r->full.at_ns / NS_PER_S, mark);
}

static void time_waits(struct svg *s, const struct bench_result *r)
{
	static const char title[] = "sockets in TIME_WAIT";
	const struct bench_series *t = &r->series;
	int both = r->one_namespace && r->have_client && r->have_server;

	if (!r->have_samples) {
		chart(s, r, title, 1, "");
		svg_nothing(s, "not observed");
		return;
	}
	chart(s, r, title, fmax(greatest(t, client_time_wait), greatest(t, server_time_wait)), "");
	if (bench_side_counts(r, SIDE_CLIENT))
		over_time(s, t, both ? "both sides" : "client", client_time_wait);
	if (bench_side_counts(r, SIDE_SERVER))
		over_time(s, t, "server", server_time_wait);
}

static void series(struct svg *s, const struct bench_result *r)
{
	const struct bench_series *t = &r->series;

	chart(s, r, "connections a second", greatest(t, rate), "first EADDRNOTAVAIL");
	over_time(s, t, "rate", rate);
	time_waits(s, r);
	chart(s, r, "errors so far", greatest(t, errors), "");
	over_time(s, t, "errors", errors);
}

static void distribution(struct svg *s, const char *name, const struct histogram *h)
{
	svg_line(s, name);
	for (double nines = 0; h->n && nines <= NINES; nines += 0.05) {
		double beyond = pow(10, -nines);

		if (beyond * (double)h->n < 1)
			break;
		svg_point(s, nines, (double)histogram_quantile(h, 1 - beyond) / 1e3);
	}
	svg_line_end(s);
}

static void latencies(struct svg *s, const struct bench_result *r)
{
	struct svg_axis x = {.label = "of connections", .hi = NINES, .nines = 1};
	struct svg_axis y = {.lo = 1, .hi = 10, .log = 1};

	while (y.lo * 10 < (double)r->connect.min / 1e3)
		y.lo *= 10;
	y.hi = y.lo * 10;
	while (y.hi < (double)histogram_quantile(&r->life, 1 - pow(10, -NINES)) / 1e3)
		y.hi *= 10;
	svg_chart(s, "latency of this share of connections at most, us", &x, &y);
	if (!r->connect.n) {
		svg_nothing(s, "no data");
		return;
	}
	distribution(s, "connect", &r->connect);
	distribution(s, "whole life", &r->life);
	distribution(s, "first byte", &r->first_byte); /* often upon the line before: dashed */
}

void show_plot(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	struct svg s;
	char title[160], what[SHOW_WORDS], second[2 * SHOW_WORDS + 160], asked[SHOW_WORDS],
	        where[SHOW_WORDS];

	snprintf(title, sizeof title, "%.0f connections a second", show_rate(r));
	snprintf(second, sizeof second, "engine %s, %u x %u flow%s; %s; %s", r->engine, r->pairs,
	        r->flows, bench_plural(r->flows), show_asked(o, asked), show_where(r, where));
	svg_begin(&s, out, 4, title, show_what(o, r, what), second);
	series(&s, r);
	latencies(&s, r);
	svg_end(&s);
}
