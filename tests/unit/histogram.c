/* SPDX-License-Identifier: BSD-2-Clause */
/* The histogram keeps the error bound that it promises, over its whole range. */
#include "bench/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct histogram h;

static int clear(void **state)
{
	(void)state;
	memset(&h, 0, sizeof h);
	return 0;
}

static uint64_t random_value(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 11) >> (*seed % 50);
}

static void every_value_lies_in_its_bucket(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t from, to, v = random_value(&seed) & ((1ull << HISTOGRAM_TOP) - 1);

		histogram_range(histogram_bucket(v), &from, &to);
		assert_true(v >= from && v < to);
	}
}

static void buckets_join_without_a_gap(void **state)
{
	uint64_t from, to, end = 0;

	(void)state;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		histogram_range(i, &from, &to);
		assert_int_equal(from, end);
		end = to;
	}
	assert_int_equal(end, 1ull << HISTOGRAM_TOP);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void quantiles_keep_the_bound(void **state)
{
	enum { N = 50000 };
	static uint64_t v[N];
	static const double q[] = {0.01, 0.5, 0.9, 0.99, 0.999, 0.9999};
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < N; i++) {
		v[i] = random_value(&seed) & ((1ull << HISTOGRAM_TOP) - 1);
		histogram_add(&h, v[i]);
	}
	qsort(v, N, sizeof *v, ascending);
	for (size_t i = 0; i < sizeof q / sizeof *q; i++) {
		double exact = (double)v[(size_t)(q[i] * N + 0.999999) - 1];
		double got = (double)histogram_quantile(&h, q[i]);

		assert_true(got >= exact * (1 - HISTOGRAM_ERROR) - 1);
		assert_true(got <= exact * (1 + HISTOGRAM_ERROR) + 1);
	}
	assert_int_equal(histogram_quantile(&h, 1), v[N - 1]);
	assert_int_equal(histogram_quantile(&h, 0), v[0]);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 100; i++)
		histogram_add(&h, i);
	assert_int_equal(histogram_quantile(&h, 0.5), 50);
	assert_int_equal(histogram_quantile(&h, 0.99), 99);
	assert_true(histogram_mean(&h) == 50.5);
}

static void empty_and_huge(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	assert_true(histogram_mean(&h) == 0);
	histogram_add(&h, UINT64_MAX / 2);
	assert_int_equal(histogram_quantile(&h, 0.5), UINT64_MAX / 2);
}

static void merging_is_adding(void **state)
{
	static struct histogram a, b;
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t v = random_value(&seed);

		histogram_add(i % 2 ? &a : &b, v);
		histogram_add(&h, v);
	}
	histogram_merge(&a, &b);
	assert_memory_equal(&a, &h, sizeof h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_value_lies_in_its_bucket),
	        cmocka_unit_test(buckets_join_without_a_gap),
	        cmocka_unit_test_setup(quantiles_keep_the_bound, clear),
	        cmocka_unit_test_setup(small_values_are_exact, clear),
	        cmocka_unit_test_setup(empty_and_huge, clear),
	        cmocka_unit_test_setup(merging_is_adding, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
