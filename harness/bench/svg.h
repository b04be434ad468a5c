/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Line charts as SVG, one below the other in one picture. Begin a chart with its axes, draw lines
 * in its own units, end it. Nothing outside the file is referred to.
 */
#ifndef LASTACK_BENCH_SVG_H
#define LASTACK_BENCH_SVG_H

#include <stdint.h>
#include <stdio.h>

#define SVG_WIDTH 860
#define SVG_CHART 220 /* height of one chart with its title and axis */

struct svg_axis {
	const char *label;
	double lo, hi;
	int log;   /* powers of ten */
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

void svg_begin(struct svg *s, FILE *out, unsigned charts, const char *title, const char *subtitle);
void svg_chart(
        struct svg *s, const char *title, const struct svg_axis *x, const struct svg_axis *y);

/* One line of the current chart, with its name in the legend. */
void svg_line(struct svg *s, const char *name);
void svg_point(struct svg *s, double x, double y);
void svg_line_end(struct svg *s);

void svg_end(struct svg *s);

/* The next round number (1, 2 or 5 times a power of ten) that is not below v. */
double svg_round_up(double v);

#endif
