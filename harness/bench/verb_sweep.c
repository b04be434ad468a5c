/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `lastack bench sweep`: the same run for each value of a sysctl, several times. The repeats are
 * interleaved, so that what else the machine does meets all values alike, and values are compared
 * within each round. A difference is real when its confidence interval excludes none at all; with
 * several comparisons each is held to a stricter level, so that all together are 95 % certain.
 */
#include "run.h"
#include "settings.h"
#include "show.h"
#include "statistics.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95

enum measure { M_RATE, M_CPU, M_P50, M_P99, M_TIME_WAIT, M_ERRORS, M_COUNT };

static const char *const measure_names[M_COUNT] = {
        "rate", "cpu_us", "p50_us", "p99_us", "time_wait_peak", "errors"};

struct sweep {
	const struct bench_options *o;
	unsigned n, rounds; /* rounds: those that are complete */
	int interrupted;
	double *v;       /* [measure][value][round] */
	char said[1024]; /* notes */
};

static double *at(const struct sweep *s, enum measure m, unsigned value)
{
	return s->v + ((size_t)m * s->n + value) * s->o->repeat;
}

static void keep(struct sweep *s, unsigned value, unsigned round, const struct bench_result *r)
{
	at(s, M_RATE, value)[round] = show_rate(r);
	at(s, M_CPU, value)[round] = show_cpu_us(&r->cpu[0], r) + show_cpu_us(&r->cpu[1], r);
	at(s, M_P50, value)[round] = show_quantile_us(&r->life, 0.5);
	at(s, M_P99, value)[round] = show_quantile_us(&r->life, 0.99);
	at(s, M_TIME_WAIT, value)[round] =
	        (double)r->peak_time_wait[SIDE_CLIENT] + (double)r->peak_time_wait[SIDE_SERVER];
	at(s, M_ERRORS, value)[round] = (double)r->errors;
}

/* One run with one value. 1: interrupted. */
static int one(
        struct sweep *s, unsigned value, unsigned round, struct bench_result *r, struct err *err)
{
	const struct bench_sweep *w = &s->o->sweep;
	struct bench_config c;
	int failed;

	settings_copy(&c, &s->o->config);
	settings_add(&c, w->host, w->key, w->value[value]);
	snprintf(c.label, sizeof c.label, "round %u of %u, %.64s:", round + 1, s->o->repeat,
	        w->value[value]);
	failed = bench_run(&c, r, err);
	if (!failed)
		keep(s, value, round, r);
	if (!failed && strcmp(r->notes, s->said)) { /* mostly the same each time: once */
		show_notes(stderr, r);
		snprintf(s->said, sizeof s->said, "%s", r->notes);
	}
	array_free(&c.set); /* all else is the options' own */
	return failed ? failed : r->interrupted;
}

/* Each round begins with another value, so that none is always the first. */
static int rounds(struct sweep *s, struct err *err)
{
	struct bench_result *r = must(malloc(sizeof *r));
	int stop = 0;

	for (unsigned round = 0; round < s->o->repeat && !stop; round++) {
		for (unsigned i = 0; i < s->n && !stop; i++)
			stop = bench_asked_to_stop() ? 1
			                             : one(s, (i + round) % s->n, round, r, err);
		if (!stop)
			s->rounds = round + 1;
	}
	free(r);
	s->interrupted = stop > 0;
	return stop < 0 ? -1 : 0;
}

struct difference {
	double share, interval; /* of the first value's rate */
	int real;
};

/* Of a value to the first one, round by round. */
static struct difference difference(const struct sweep *s, unsigned value)
{
	struct difference d = {0};
	struct spread spread;
	double *shares = must(calloc(s->rounds + 1, sizeof *shares));

	for (unsigned i = 0; i < s->rounds; i++)
		shares[i] = at(s, M_RATE, value)[i] / at(s, M_RATE, 0)[i] - 1;
	spread = spread_of(shares, s->rounds);
	free(shares);
	d.share = spread.mean;
	d.interval = spread_interval(&spread, 1 - (1 - CONFIDENCE) / (s->n > 1 ? s->n - 1 : 1));
	d.real = fabs(d.share) > d.interval;
	return d;
}

static const char *verdict(const struct difference *d)
{
	return !isfinite(d->share)      ? "not measured"
	       : !isfinite(d->interval) ? "too few rounds"
	       : !d->real               ? "within the noise"
	       : d->share > 0           ? "faster"
	                                : "slower";
}

/* A number in so many columns. */
static void column(FILE *out, int width, double v, int digits)
{
	char text[32];

	fprintf(out, "%*s", width, show_number(v, digits, text, sizeof text));
}

static void row(FILE *out, const struct sweep *s, unsigned value)
{
	struct spread m[M_COUNT];

	for (int k = 0; k < M_COUNT; k++)
		m[k] = spread_of(at(s, (enum measure)k, value), s->rounds);
	fprintf(out, "%-16s", s->o->sweep.value[value]);
	column(out, 9, m[M_RATE].median, 0);
	if (m[M_RATE].n)
		fprintf(out, "%9.0f-%-8.0f", m[M_RATE].least, m[M_RATE].most);
	else
		fprintf(out, "%18s", "-");
	column(out, 8, m[M_CPU].median, 1);
	column(out, 9, m[M_P50].median, 0);
	column(out, 9, m[M_P99].median, 0);
	column(out, 10, m[M_TIME_WAIT].median, 0);
	column(out, 9, m[M_ERRORS].median, 0);
}

static void against_first(FILE *out, const struct difference *d)
{
	if (isfinite(d->share))
		fprintf(out, "%+.1f %%", 100 * d->share);
	if (isfinite(d->share) && isfinite(d->interval))
		fprintf(out, " +- %.1f", 100 * d->interval);
	fprintf(out, "%s%s\n", isfinite(d->share) ? ": " : "", verdict(d));
}

static void table(FILE *out, const struct sweep *s)
{
	fprintf(out, "%s of %s, %u round%s%s\n\n%-16s%9s%18s%8s%9s%9s%10s%9s  %s\n",
	        s->o->sweep.key, s->o->sweep.host, s->rounds, bench_plural(s->rounds),
	        s->interrupted ? " (interrupted)" : "", "value", "conn/s", "least-most", "CPU us",
	        "p50 us", "p99 us", "TIME_WAIT", "errors", "rate against the first, 95 %");
	for (unsigned i = 0; i < s->n; i++) {
		struct difference d = difference(s, i);

		row(out, s, i);
		fputs("  ", out);
		if (i)
			against_first(out, &d);
		else
			fputs("-\n", out);
	}
}

static json_t *row_json(const struct sweep *s, unsigned value)
{
	struct difference d = difference(s, value);
	json_t *j = json_pack("{s:s}", "value", s->o->sweep.value[value]);

	for (int k = 0; k < M_COUNT; k++) {
		struct spread m = spread_of(at(s, (enum measure)k, value), s->rounds);

		json_object_set_new(j, measure_names[k],
		        json_pack("{s:o, s:o, s:o, s:o}", "median", show_real(m.median), "mean",
		                show_real(m.mean), "least", show_real(m.least), "most",
		                show_real(m.most)));
	}
	if (value)
		json_object_set_new(j, "against_first",
		        json_pack("{s:o, s:o, s:s}", "share", show_real(d.share), "interval",
		                show_real(d.interval), "verdict", verdict(&d)));
	return j;
}

static void as_json(FILE *out, const struct sweep *s)
{
	json_t *rows = json_array(), *j;

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(rows, row_json(s, i));
	j = json_pack("{s:s, s:s, s:i, s:b, s:f, s:o}", "host", s->o->sweep.host, "key",
	        s->o->sweep.key, "rounds", (int)s->rounds, "interrupted", s->interrupted,
	        "confidence", CONFIDENCE, "values", rows);
	json_dumpf(j, out, JSON_INDENT(1) | JSON_REAL_PRECISION(8));
	fputc('\n', out);
	json_decref(j);
}

static void as_csv(FILE *out, const struct sweep *s)
{
	fprintf(out, "value,round");
	for (int k = 0; k < M_COUNT; k++)
		fprintf(out, ",%s", measure_names[k]);
	for (unsigned i = 0; i < s->n; i++)
		for (unsigned round = 0; round < s->rounds; round++) {
			fprintf(out, "\n%s,%u", s->o->sweep.value[i], round + 1);
			for (int k = 0; k < M_COUNT; k++) {
				double v = at(s, (enum measure)k, i)[round];

				fprintf(out, isfinite(v) ? ",%.1f" : ",", v);
			}
		}
	fprintf(out, "\n");
}

int verb_sweep(const struct bench_options *o, FILE *out, struct err *err)
{
	struct sweep s = {.o = o, .n = o->sweep.n};
	int failed;

	s.v = must(calloc((size_t)M_COUNT * s.n * o->repeat, sizeof *s.v));
	failed = rounds(&s, err);
	if (!failed) {
		switch (o->format) {
		case FORMAT_TABLE:
			table(out, &s);
			break;
		case FORMAT_JSON:
			as_json(out, &s);
			break;
		case FORMAT_CSV:
			as_csv(out, &s);
			break;
		}
	}
	free(s.v);
	return failed;
}
