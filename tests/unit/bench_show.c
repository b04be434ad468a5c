/* SPDX-License-Identifier: BSD-2-Clause */
/* What a result says: of what was not measured nothing, and numbers that stay apart. */
#include "bench/show.h"
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct shown {
	struct bench_options o;
	struct bench_result *r;
	char *text;
	size_t size;
};

/* A run between two hosts that has done nothing. */
static int set_up(void **state)
{
	struct shown *s = must(calloc(1, sizeof *s));

	bench_config_init(&s->o.config);
	s->r = must(calloc(1, sizeof *s->r));
	s->r->engine = "event";
	s->r->took_ns = NS_PER_S;
	s->r->have_client = s->r->have_server = s->r->have_counts = s->r->have_samples = 1;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct shown *s = *state;

	bench_config_free(&s->o.config);
	free(s->text);
	free(s->r);
	free(s);
	return 0;
}

static const char *text_of(struct shown *s,
        void (*show)(FILE *out, const struct bench_options *o, const struct bench_result *r))
{
	FILE *f;

	free(s->text);
	f = must(open_memstream(&s->text, &s->size));
	show(f, &s->o, s->r);
	fclose(f);
	return s->text;
}

static int is_null(const json_t *j, const char *key, const char *inner)
{
	const json_t *one = json_object_get(j, key);

	return json_is_null(inner ? json_object_get(one, inner) : one);
}

static void stays_of_a_minute_stay_apart(void **state)
{
	struct shown *s = *state;

	s->r->have_stays = 1;
	for (uint64_t i = 0; i < 3; i++)
		histogram_add(&s->r->stay[SIDE_CLIENT][ST_TIME_WAIT], 61 * NS_PER_S);
	assert_non_null(
	        strstr(text_of(s, show_table), "TIME_WAIT    61000000.0 61000000.0 61000000.0 "
	                                       "61000000.0 61000000.0 61000000.0\n"));
}

static void what_was_not_measured_is_no_zero(void **state)
{
	struct shown *s = *state;
	json_t *j = show_json(&s->o, s->r), *latency = json_object_get(j, "latency_us");

	assert_true(is_null(latency, "life", "p50") && is_null(latency, "life", "min"));
	assert_true(is_null(latency, "connect", "mean") && is_null(latency, "connect", "max"));
	assert_true(is_null(j, "cpu_us", "client") && is_null(j, "cpu_us", "rest"));
	assert_true(is_null(j, "client", "segments_out_per_connection"));
	json_decref(j);
	assert_non_null(strstr(
	        text_of(s, show_table), "client - us, server - us, rest of the process - us"));
}

static void a_side_that_is_not_ours_takes_no_time(void **state)
{
	struct shown *s = *state;
	json_t *j;

	s->r->have_server = 0;
	s->r->done = s->r->done_counted = 10;
	j = show_json(&s->o, s->r);
	assert_true(is_null(j, "cpu_us", "server"));
	assert_false(is_null(j, "cpu_us", "client"));
	json_decref(j);
}

static void what_was_not_observed_is_not_shown(void **state)
{
	struct shown *s = *state;
	json_t *j, *sample;

	s->r->have_samples = 0;
	s->o.config.observe = OBSERVE_NONE;
	s->r->series.v[0] = (struct bench_sample){.at_ns = NS_PER_S, .done = 7};
	s->r->series.n = 1;
	j = show_json(&s->o, s->r);
	sample = json_array_get(json_object_get(j, "series"), 0);
	assert_non_null(json_object_get(sample, "connections"));
	assert_null(json_object_get(sample, "time_wait_client"));
	assert_null(json_object_get(sample, "time_wait_server"));
	assert_true(is_null(j, "client", "peak_time_wait"));
	json_decref(j);
	assert_non_null(strstr(text_of(s, show_csv), "\n1.000,7,7,0,,\n"));
	assert_non_null(strstr(text_of(s, show_plot), "not observed"));
	assert_null(strstr(s->text, ">client<"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(stays_of_a_minute_stay_apart, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                what_was_not_measured_is_no_zero, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_side_that_is_not_ours_takes_no_time, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                what_was_not_observed_is_not_shown, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
