/* SPDX-License-Identifier: BSD-2-Clause */
/* Little's law for ports, and the statistics of a sweep. */
#include "bench/capacity.h"
#include "bench/statistics.h"
#include "core/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct capacity_question usual = {.rate = 1000,
        .held_ns = 60 * NS_PER_S,
        .hz = 250,
        .buckets = UINT64_MAX,
        .port_lo = 32768,
        .port_hi = 60999,
        .sources = 1,
        .destinations = 1};

static void a_thousand_a_second_run_out(void **state)
{
	struct capacity_answer a = capacity(&usual);

	(void)state;
	assert_int_equal(a.ports, 28232);
	assert_false(a.enough);
	assert_true(a.steady_lo == 60000);
	assert_true(a.steady_hi > 62000 && a.steady_hi < 62100); /* the wheel's granule: 2.05 s */
	assert_true(fabs(a.full_s - 28.232) < 1e-9);
	assert_int_equal(a.pairs, 3);
	assert_true(a.rate_max > 454 && a.rate_max < 456);
}

static void what_it_says_is_enough_is_enough(void **state)
{
	struct capacity_question q = usual;
	struct capacity_answer a = capacity(&q);

	(void)state;
	q.destinations = a.pairs;
	assert_true(capacity(&q).enough);
	q.destinations = a.pairs - 1;
	assert_false(capacity(&q).enough);
	q.destinations = 2;
	a = capacity(&q);
	assert_int_equal(a.ports_needed, 31026); /* 62.052 s x 1000 / 2 */
	q.port_hi = q.port_lo + a.ports_needed - 1;
	assert_true(capacity(&q).enough);
	q.port_hi--;
	assert_false(capacity(&q).enough);
}

static void the_rate_at_the_limit(void **state)
{
	struct capacity_question q = usual;

	(void)state;
	q.rate = capacity(&q).rate_max;
	assert_true(capacity(&q).full_s > 60);
	q.rate *= 0.999;
	assert_true(capacity(&q).enough);
	q.rate *= 1.002;
	assert_false(capacity(&q).enough);
}

static void sources_and_destinations_multiply(void **state)
{
	struct capacity_question q = usual;

	(void)state;
	q.sources = 3;
	q.destinations = 4;
	assert_true(capacity(&q).tuples == 12 * 28232.0);
}

static void buckets_give_out_first(void **state)
{
	struct capacity_question q = usual;
	struct capacity_answer a;

	(void)state;
	q.buckets = 5000;
	a = capacity(&q);
	assert_true(a.capped && a.enough && a.at_most == 5000 && a.capped_s == 5);
	q.buckets = 28232; /* as many as there are ports: these end first */
	a = capacity(&q);
	assert_true(!a.capped && !a.enough && a.at_most == 28232);
	q.rate = 100; /* the steady state is below both */
	a = capacity(&q);
	assert_true(!a.capped && a.enough && a.at_most > 6000 && a.at_most < 6300);
}

/* What another connection may take is there until it is taken. */
static void reuse_leaves_them_lying(void **state)
{
	struct capacity_question q = usual;
	struct capacity_answer a;

	(void)state;
	q.reuse_ns = NS_PER_S;
	a = capacity(&q);
	assert_true(a.enough && a.steady_hi == 1000 && a.at_most == 28232);
	q.buckets = 5000;
	a = capacity(&q);
	assert_true(a.capped && a.at_most == 5000 && a.buckets_needed == 28232);
}

/* 0 is no TIME_WAIT at all. */
static void no_buckets(void **state)
{
	struct capacity_question q = usual;
	struct capacity_answer a;

	(void)state;
	q.buckets = 0;
	a = capacity(&q);
	assert_true(a.capped && a.enough && a.at_most == 0 && a.capped_s == 0);
}

static void reserved_ports_are_not_there(void **state)
{
	struct capacity_question q = usual;

	(void)state;
	q.reserved = 8232;
	assert_int_equal(capacity(&q).ports, 20000);
}

static void spread_of_five(void **state)
{
	static const double v[] = {3, 1, 2, 5, 4}, even[] = {1, 2, 3, 10};
	struct spread s = spread_of(v, 5);

	(void)state;
	assert_true(s.mean == 3 && s.median == 3 && s.least == 1 && s.most == 5);
	assert_true(fabs(s.deviation - sqrt(2.5)) < 1e-12);
	assert_true(spread_of(even, 4).median == 2.5);
	assert_true(spread_of(v, 1).deviation == 0);
	s = spread_of((double[]){NAN, 3, INFINITY, 5}, 4);
	assert_int_equal(s.n, 2);
	assert_true(s.mean == 4 && s.least == 3 && s.most == 5);
	s = spread_of(v, 0);
	assert_true(isnan(s.median) && isnan(s.mean));
	s = spread_of(v, 1);
	assert_true(isinf(spread_interval(&s, 0.95)));
}

/* Against the printed table. */
static void student_as_printed(void **state)
{
	static const struct {
		double confidence;
		unsigned degrees;
		double t;
	} table[] = {{0.95, 1, 12.706}, {0.95, 2, 4.303}, {0.95, 4, 2.776}, {0.95, 9, 2.262},
	        {0.99, 3, 5.841}, {0.99, 10, 3.169}, {0.90, 30, 1.697}, {0.95, 120, 1.980}};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_true(fabs(student_t(table[i].confidence, table[i].degrees) - table[i].t) <
		            0.0006);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_thousand_a_second_run_out),
	        cmocka_unit_test(what_it_says_is_enough_is_enough),
	        cmocka_unit_test(the_rate_at_the_limit),
	        cmocka_unit_test(sources_and_destinations_multiply),
	        cmocka_unit_test(buckets_give_out_first),
	        cmocka_unit_test(reuse_leaves_them_lying),
	        cmocka_unit_test(no_buckets),
	        cmocka_unit_test(reserved_ports_are_not_there),
	        cmocka_unit_test(spread_of_five),
	        cmocka_unit_test(student_as_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
