/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of the kernel, and what is asked of them. */
#include "model/kernel.h"

#include "story.h"

static void versions_grow(void **state)
{
	static const char *const in_order[] = {"2.6.32-754.el6.x86_64", "4.19.0", "5.4.300", "5.15",
	        "6.1.0-18-amd64", "6.9.12", "6.10.0-rc1", "6.14", "6.14.2", "6.18.44-fc-v769"};

	(void)state;
	for (size_t i = 1; i < sizeof in_order / sizeof *in_order; i++)
		assert_true(
		        kernel_version(in_order[i - 1], NULL) < kernel_version(in_order[i], NULL));
	assert_int_equal(kernel_version("6.14", NULL), kernel_version("6.14.0-lts", NULL));
	assert_true(kernel_version("5.10.4000", NULL) < kernel_version("5.11", NULL));
}

static void no_versions(void **state)
{
	static const char *const none[] = {"", "6", "6.", ".14", "six", "v6.14", "-6.14", " 6.14"};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(kernel_version(none[i], NULL), 0);
}

static int holds(const char *guard, const char *release)
{
	struct kernel_guard g = {0};

	assert_int_equal(kernel_guard_parse(guard, &g), 0);
	return kernel_guard_holds(&g, release);
}

static void guards(void **state)
{
	const struct kernel_guard none = {0};

	(void)state;
	assert_true(holds(">= 6.14", "6.14.0"));
	assert_true(holds(">=6.14", "6.18.44-fc-v769"));
	assert_false(holds(">= 6.14", "6.13.9"));
	assert_false(holds(">= 6.14.3", "6.14.2"));
	assert_true(holds("< 6.11", "6.8.0-45-generic"));
	assert_false(holds("< 6.11", "6.11.0"));
	assert_false(holds("< 6.11", "")); /* nothing is known of it */
	assert_true(kernel_guard_holds(&none, ""));
}

static void what_is_no_guard(void **state)
{
	static const char *const bad[] = {"", "6.14", "> 6.14", "<= 6.14", "= 6.14", ">= 6",
	        ">= 6.14-rc1", ">= six", "<", ">=", "< 0.0", ">= 6.14 "};
	struct kernel_guard g;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!kernel_guard_parse(bad[i], &g))
			fail_msg("'%s' is taken", bad[i]);
}

static void guards_in_words(void **state)
{
	static const char *const texts[] = {">= 6.14", "< 6.11.3"};
	struct kernel_guard g = {0};
	char text[KERNEL_TEXT];

	(void)state;
	assert_string_equal(kernel_guard_format(&g, text, sizeof text), "");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kernel_guard_parse(texts[i], &g), 0);
		assert_string_equal(kernel_guard_format(&g, text, sizeof text), texts[i]);
	}
}

#define GUARDED HEAD "link: wire\nsteps:\n- expect: {kernel: \">= 6.14\", wire: {rst: 0}}\n"

static void judge_on(struct story *st, const char *release)
{
	story_begin(st, GUARDED);
	st->t.head.observers |= 1u << SRC_WIRE;
	snprintf(st->t.head.kernel, sizeof st->t.head.kernel, "%s", release);
	story_step(st, 0, 0, STEP_BEGIN);
}

/* By the kernel that made the timeline, not by the one that judges it. */
static void another_kernel_is_a_skip(void **state)
{
	struct story st;

	(void)state;
	judge_on(&st, "6.14.1");
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);

	judge_on(&st, "6.8.0-45-generic");
	assert_int_equal(judge_rule(st.j).kind, ANSWER_MISSING);
	story_step(&st, 1, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_SKIP);
	assert_non_null(strstr(st.v.why, "needs kernel >= 6.14, this one is 6.8.0-45-generic"));
	story_end(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(versions_grow),
	        cmocka_unit_test(no_versions),
	        cmocka_unit_test(guards),
	        cmocka_unit_test(what_is_no_guard),
	        cmocka_unit_test(guards_in_words),
	        cmocka_unit_test(another_kernel_is_a_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
