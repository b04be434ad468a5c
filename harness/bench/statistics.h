/* SPDX-License-Identifier: BSD-2-Clause */
/* Few, noisy measurements: their spread, and whether two sets differ. */
#ifndef LASTACK_BENCH_STATISTICS_H
#define LASTACK_BENCH_STATISTICS_H

#include <stddef.h>

struct spread {
	size_t n;
	double mean, median, least, most; /* NAN when n is 0 */
	double deviation;                 /* of the sample; 0 when n < 2 */
};

/* What is no number was not measured: it is left out, and not among s.n. */
struct spread spread_of(const double *v, size_t n);

/* The t that a share `confidence` of Student's distribution lies within (both sides). */
double student_t(double confidence, unsigned degrees);

/* The interval around the mean, to either side; HUGE_VAL when n < 2. */
double spread_interval(const struct spread *s, double confidence);

#endif
