/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram.h"

#include <math.h>

void histogram_range(size_t bucket, uint64_t *ret_from, uint64_t *ret_to)
{
	unsigned shift;
	uint64_t sub = bucket % HISTOGRAM_SUB;

	if (bucket < HISTOGRAM_SUB) {
		*ret_from = bucket;
		*ret_to = bucket + 1;
		return;
	}
	shift = (unsigned)(bucket / HISTOGRAM_SUB) - 1;
	*ret_from = (HISTOGRAM_SUB + sub) << shift;
	*ret_to = (HISTOGRAM_SUB + sub + 1) << shift;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->n)
		return;
	if (!into->n || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->n += from->n;
	into->sum += from->sum;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->count[i] += from->count[i];
}

static uint64_t middle(const struct histogram *h, size_t bucket)
{
	uint64_t from, to, v;

	histogram_range(bucket, &from, &to);
	v = from + (to - 1 - from) / 2;
	if (v < h->min)
		return h->min;
	return v > h->max ? h->max : v;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank, seen = 0;

	if (!h->n)
		return 0;
	rank = (uint64_t)ceil(q * (double)h->n);
	if (rank <= 1)
		return h->min;
	if (rank >= h->n)
		return h->max;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return middle(h, i);
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}
