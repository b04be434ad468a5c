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
	double *v;          /* [measure][value][round] */
	char said[1024];    /* notes */
};

static double *at(const struct sweep *s, enum measure m, unsigned value)
{
	return s->v + ((size_t)m * s->n + value) * s->o->repeat;
}

static void keep(struct sweep *s, unsigned value, unsigned round, const struct bench_result *r)
{
	at(s, M_RATE, value)[round] = show_rate(r);
	at(s, M_CPU, value)[round] = show_cpu_us(&r->cpu[0], r) + show_cpu_us(&r->cpu[1], r);
	at(s, M_P50, value)[round] = (double)histogram_quantile(&r->life, 0.5) / 1e3;
	at(s, M_P99, value)[round] = (double)histogram_quantile(&r->life, 0.99) / 1e3;
	at(s, M_TIME_WAIT, value)[round] =
	        (double)r->peak_time_wait[SIDE_CLIENT] + (double)r->peak_time_wait[SIDE_SERVER];
	at(s, M_ERRORS, value)[round] = (double)r->errors;
}

/* One run with one value. 1: interrupted. */
static int one(
        struct sweep *s, unsigned value, unsigned round, struct bench_result *r, struct err *err)
{
	struct bench_config c;
	struct bench_setting *last;
	int failed;

	settings_copy(&c, &s->o->config);
	array_push(&c.set, ((struct bench_setting){0}));
	last = &c.set.v[c.set.n - 1];
	snprintf(last->host, sizeof last->host, "%s", s->o->sweep.host);
	snprintf(last->key, sizeof last->key, "%s", s->o->sweep.key);
	snprintf(last->value, sizeof last->value, "%s", s->o->sweep.value[value]);
	snprintf(c.label, sizeof c.label, "round %u of %u, %.64s:", round + 1, s->o->repeat,
	        last->value);
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
	return !isfinite(d->interval) ? "too few rounds"
	       : !d->real             ? "within the noise"
	       : d->share > 0         ? "faster"
	                              : "slower";
}

static void table(FILE *out, const struct sweep *s)
{
	fprintf(out, "%s of %s, %u rounds\n\n%-16s%9s%18s%8s%9s%9s%10s%9s  %s\n", s->o->sweep.key,
	        s->o->sweep.host, s->rounds, "value", "conn/s", "least-most", "CPU us", "p50 us",
	        "p99 us", "TIME_WAIT", "errors", "rate against the first, 95 %");
	for (unsigned i = 0; i < s->n; i++) {
		struct spread m[M_COUNT];
		struct difference d = difference(s, i);

		for (int k = 0; k < M_COUNT; k++)
			m[k] = spread_of(at(s, (enum measure)k, i), s->rounds);
		fprintf(out, "%-16s%9.0f%9.0f-%-8.0f%8.1f%9.0f%9.0f%10.0f%9.0f  ",
		        s->o->sweep.value[i], m[M_RATE].median, m[M_RATE].least, m[M_RATE].most,
		        m[M_CPU].median, m[M_P50].median, m[M_P99].median, m[M_TIME_WAIT].median,
		        m[M_ERRORS].median);
		if (i && !isfinite(d.interval))
			fprintf(out, "%+.1f %%: %s\n", 100 * d.share, verdict(&d));
		else if (i)
			fprintf(out, "%+.1f %% +- %.1f: %s\n", 100 * d.share, 100 * d.interval,
			        verdict(&d));
		else
			fprintf(out, "-\n");
	}
}

static json_t *row(const struct sweep *s, unsigned value)
{
	struct difference d = difference(s, value);
	json_t *j = json_pack("{s:s}", "value", s->o->sweep.value[value]);

	for (int k = 0; k < M_COUNT; k++) {
		struct spread m = spread_of(at(s, (enum measure)k, value), s->rounds);

		json_object_set_new(j, measure_names[k],
		        json_pack("{s:f, s:f, s:f, s:f}", "median", m.median, "mean", m.mean,
		                "least", m.least, "most", m.most));
	}
	if (value)
		json_object_set_new(j, "against_first",
		        json_pack("{s:f, s:o, s:s}", "share", d.share, "interval",
		                isfinite(d.interval) ? json_real(d.interval) : json_null(),
		                "verdict", verdict(&d)));
	return j;
}

static void as_json(FILE *out, const struct sweep *s)
{
	json_t *rows = json_array(), *j;

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(rows, row(s, i));
	j = json_pack("{s:s, s:s, s:i, s:f, s:o}", "host", s->o->sweep.host, "key", s->o->sweep.key,
	        "rounds", (int)s->rounds, "confidence", CONFIDENCE, "values", rows);
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
			for (int k = 0; k < M_COUNT; k++)
				fprintf(out, ",%.1f", at(s, (enum measure)k, i)[round]);
		}
	fprintf(out, "\n");
}

int verb_sweep(const struct bench_options *o, FILE *out, struct err *err)
{
	struct sweep s = {.o = o, .n = o->sweep.n};
	int failed;

	s.v = must(calloc((size_t)M_COUNT * s.n * o->repeat, sizeof *s.v));
	failed = rounds(&s, err);
	if (!failed && !s.rounds)
		failed = err_set(err, ERR_LAB, "interrupted before the first round was over");
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
