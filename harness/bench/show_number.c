/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of a result. What was not measured is NAN here, "-" for people, null for programs. */
#include "show.h"

#include "core/clock.h"

#include <math.h>

const struct show_quantile show_quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99},
        {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}, {NULL, 0}};

double show_rate(const struct bench_result *r)
{
	return r->took_ns ? (double)r->done / ((double)r->took_ns / NS_PER_S) : NAN;
}

double show_cpu_us(const struct bench_cpu *c, const struct bench_result *r)
{
	return r->done ? (double)(c->user_ns + c->system_ns) / 1e3 / (double)r->done : NAN;
}

double show_quantile_us(const struct histogram *h, double q)
{
	return h->n ? (double)histogram_quantile(h, q) / 1e3 : NAN;
}

const char *show_number(double v, int digits, char *ret, size_t size)
{
	if (isfinite(v))
		snprintf(ret, size, "%.*f", digits, v);
	else
		snprintf(ret, size, "-");
	return ret;
}

json_t *show_real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}
