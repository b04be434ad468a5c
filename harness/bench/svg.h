/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Line charts as SVG, one below the other in one picture. Begin a chart with its axes, draw lines
 * in its own units, end it. Nothing outside the file is referred to.
 */
#ifndef LASTACK_BENCH_SVG_H
#define LASTACK_BENCH_SVG_H

#include "core/err.h"

#include <stdint.h>
#include <stdio.h>

#define SVG_WIDTH 860
#define SVG_CHART 220 /* height of one chart with its title and axis */

struct svg_axis {
	const char *label;
	double lo, hi;
	int log;   /* powers of ten */
	int whole; /* counts: no line between two numbers */
	int nines; /* a distribution: 0 %, 90 %, 99 % ... at equal steps; lo and hi as counts of
	              nines */
};

struct svg {
	FILE *out;
	int y0; /* top of the current chart */
	unsigned n_lines;
	char pen;
	struct svg_axis x, y;
};

/*
 * Opens a file before there is anything to write, so that what cannot be written is known in time
 * (ERR_INPUT); what the file holds stays until svg_begin(). svg_close() without `keep` leaves no
 * empty file behind.
 */
FILE *svg_open(const char *path, struct err *err);
int svg_close(FILE *out, const char *path, int keep, struct err *err);

/* Two lines below the title; the second may be empty. */
void svg_begin(struct svg *s, FILE *out, unsigned charts, const char *title, const char *first,
        const char *second);
void svg_chart(
        struct svg *s, const char *title, const struct svg_axis *x, const struct svg_axis *y);

/* One line of the current chart, with its name in the legend. */
void svg_line(struct svg *s, const char *name);
void svg_point(struct svg *s, double x, double y);
void svg_line_end(struct svg *s);

/* A moment, by a vertical line with words. */
void svg_mark(struct svg *s, double x, const char *words);
/* Words in the middle of a chart that has nothing else. */
void svg_nothing(struct svg *s, const char *words);

void svg_end(struct svg *s);

/* A round number that is not below v, for the end of an axis. */
double svg_round_up(double v);

#endif
