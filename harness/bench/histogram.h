/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log-linear histogram of nanoseconds with a bounded relative error: each octave is cut into
 * HISTOGRAM_SUB equal buckets, and a quantile is answered with the middle of its bucket, so it is
 * off by at most 1 / (2 * HISTOGRAM_SUB) = 0.39 % of itself. Values below HISTOGRAM_SUB, the least,
 * the greatest and the mean are exact. Fixed size, no allocation; adding is a few instructions.
 */
#ifndef LASTACK_HISTOGRAM_H
#define LASTACK_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS    7
#define HISTOGRAM_SUB     (1u << HISTOGRAM_BITS)
#define HISTOGRAM_TOP     44 /* values from 2^44 ns (4.9 hours) on share the last bucket */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_TOP - HISTOGRAM_BITS + 1) * HISTOGRAM_SUB)
#define HISTOGRAM_ERROR   (1.0 / (2 * HISTOGRAM_SUB))

struct histogram {
	uint64_t n, sum, min, max;
	uint32_t count[HISTOGRAM_BUCKETS];
};

/* The bucket of a value, and the half-open range of values that a bucket holds. */
static inline size_t histogram_bucket(uint64_t v)
{
	unsigned e, shift;
	size_t i;

	if (v < HISTOGRAM_SUB)
		return v;
	e = 63u - (unsigned)__builtin_clzll(v);
	shift = e - HISTOGRAM_BITS;
	i = (size_t)(shift + 1) * HISTOGRAM_SUB + ((v >> shift) & (HISTOGRAM_SUB - 1));
	return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

void histogram_range(size_t bucket, uint64_t *ret_from, uint64_t *ret_to);

static inline void histogram_add(struct histogram *h, uint64_t v)
{
	h->count[histogram_bucket(v)]++;
	if (!h->n++ || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->sum += v;
}

void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that a share q (0 to 1) of all values doesn't exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double q);

double histogram_mean(const struct histogram *h);

#endif
