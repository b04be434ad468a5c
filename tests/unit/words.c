/* SPDX-License-Identifier: BSD-2-Clause */
/* Which name somebody meant who mistyped it. */
#include "core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {"bpf", "tun", NULL, "close", "CLOSE_WAIT", "CLOSING", "on_eof"};

static void is(const char *typed, const char *meant)
{
	const char *near = words_nearest(typed, names, sizeof names / sizeof *names);

	if (!meant)
		assert_null(near);
	else
		assert_string_equal(near, meant);
}

static void one_mistake(void **state)
{
	(void)state;
	is("bpf", "bpf");
	is("bfp", "bpf");
	is("bpff", "bpf");
	is("lcose", "close");
	is("clos", "close");
	is("close-wait", "CLOSE_WAIT");
	is("CLOSEWAIT", "CLOSE_WAIT");
	is("oneof", "on_eof");
}

static void the_same_beginning(void **state)
{
	static const char *const keys[] = {"on_eof", "behaviour", "backlog", "descriptors"};
	static const char *const paths[] = {"faults/lost-twice", "faults/delayed", "leak/held"};

	(void)state;
	assert_string_equal(words_nearest("behave", keys, 4), "behaviour");
	assert_string_equal(words_nearest("descriptors_held", keys, 4), "descriptors");
	assert_null(words_nearest("backwards-compatible", keys, 4));
	assert_null(words_nearest("bac", keys, 4));
	assert_null(words_nearest("faults/nosuch", paths, 3));
	assert_string_equal(words_nearest("faults/lost-often", paths, 3), "faults/lost-twice");
}

static void nothing_near(void **state)
{
	(void)state;
	is("", NULL);
	is("x", NULL);
	is("keepalive", NULL);
	is("a-word-that-is-so-long-that-nobody-can-have-meant-any-of-those-short-names", NULL);
	assert_null(words_nearest("close", names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(one_mistake),
	        cmocka_unit_test(the_same_beginning),
	        cmocka_unit_test(nothing_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
