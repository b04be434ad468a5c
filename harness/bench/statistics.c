/* SPDX-License-Identifier: BSD-2-Clause */
#include "statistics.h"

#include "core/err.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Those that are numbers, in order. Returns how many. */
static size_t measured(const double *v, size_t n, double *ret)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i]))
			ret[k++] = v[i];
	qsort(ret, k, sizeof *ret, ascending);
	return k;
}

static struct spread spread_of_sorted(const double *v, size_t n)
{
	struct spread s = {.n = n};
	double squares = 0;

	if (!n) {
		s.mean = s.median = s.least = s.most = NAN;
		return s;
	}
	for (size_t i = 0; i < n; i++)
		s.mean += v[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (v[i] - s.mean) * (v[i] - s.mean);
	s.least = v[0];
	s.most = v[n - 1];
	s.median = (v[(n - 1) / 2] + v[n / 2]) / 2;
	s.deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
	return s;
}

struct spread spread_of(const double *v, size_t n)
{
	double *sorted = must(malloc((n + 1) * sizeof *v));
	struct spread s;

	s = spread_of_sorted(sorted, measured(v, n, sorted));
	free(sorted);
	return s;
}

/*
 * How much of Student's distribution lies within +-t. With t = sqrt(d) tan(a) it is a finite sum of
 * powers of cos(a) (Abramowitz and Stegun 26.7.3, 26.7.4).
 */
static double within(double t, unsigned d)
{
	double a = atan(t / sqrt(d)), c = cos(a), s = sin(a);
	double term = d % 2 ? c : 1, sum = d == 1 ? 0 : term;

	for (unsigned k = d % 2 ? 3 : 2; k + 2 <= d; k += 2) {
		term *= c * c * (k - 1) / k;
		sum += term;
	}
	return d % 2 ? 2 / M_PI * (a + s * sum) : s * sum;
}

double student_t(double confidence, unsigned degrees)
{
	double lo = 0, hi = 1;

	if (!degrees)
		return HUGE_VAL;
	while (within(hi, degrees) < confidence && hi < 1e9)
		hi *= 2;
	for (int i = 0; i < 100; i++) {
		double middle = (lo + hi) / 2;

		if (within(middle, degrees) < confidence)
			lo = middle;
		else
			hi = middle;
	}
	return hi;
}

double spread_interval(const struct spread *s, double confidence)
{
	if (s->n < 2)
		return HUGE_VAL;
	return student_t(confidence, (unsigned)s->n - 1) * s->deviation / sqrt((double)s->n);
}
