/* SPDX-License-Identifier: BSD-2-Clause */
/* A result as text for people and for programs. */
#ifndef LASTACK_BENCH_SHOW_H
#define LASTACK_BENCH_SHOW_H

#include "options.h"

#include <jansson.h>
#include <stdio.h>

/* In the format that the options ask for. */
void show_result(FILE *out, const struct bench_options *o, const struct bench_result *r);

void show_table(FILE *out, const struct bench_options *o, const struct bench_result *r);
void show_csv(FILE *out, const struct bench_options *o, const struct bench_result *r);
json_t *show_json(const struct bench_options *o, const struct bench_result *r);
void show_json_text(FILE *out, const struct bench_options *o, const struct bench_result *r);

/* SVG into a file of svg_open(). */
void show_plot(FILE *out, const struct bench_options *o, const struct bench_result *r);

/* The notes of a result for a person, where the result itself is for a program. */
void show_notes(FILE *out, const struct bench_result *r);

#define SHOW_WORDS 512

/* What was run, what was asked for, and where, in words. Each returns ret. */
const char *show_what(
        const struct bench_options *o, const struct bench_result *r, char ret[SHOW_WORDS]);
const char *show_asked(const struct bench_options *o, char ret[SHOW_WORDS]);
const char *show_where(const struct bench_result *r, char ret[SHOW_WORDS]);

/* The same for programs. */
json_t *show_run(const struct bench_options *o, const struct bench_result *r);
json_t *show_sysctls(const struct bench_result *r);

/* Connections a second of a whole run; NAN when it took no time (a server with fewer than two). */
double show_rate(const struct bench_result *r);

/* Microseconds of CPU a connection, of one side; NAN when there was no connection. */
double show_cpu_us(const struct bench_cpu *c, const struct bench_result *r);

/* A quantile of a latency in microseconds; NAN when there was no connection. */
double show_quantile_us(const struct histogram *h, double q);

/* What was measured, with so many digits behind the point, or "-" for NAN. Returns ret. */
const char *show_number(double v, int digits, char *ret, size_t size);
/* The same for programs: a number, or null. */
json_t *show_real(double v);

/* The quantiles that are shown: NULL at the end. */
struct show_quantile {
	const char *name;
	double q;
};
extern const struct show_quantile show_quantiles[];

#endif
