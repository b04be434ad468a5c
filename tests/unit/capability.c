/* SPDX-License-Identifier: BSD-2-Clause */
/* Every capability has a probe, and every answer can be acted on. */
#include "model/capability.h"
#include "observe/capability_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void each_has_a_probe_and_an_answer(void **state)
{
	(void)state;
	for (const struct capability *c = capabilities; c->name; c++) {
		struct err why = {0};
		int have = capability_have(c->name, &why);

		assert_true(have == 0 || have == 1);
		assert_ptr_equal(capability_find(c->name), c);
		if (have) {
			assert_int_equal(why.kind, ERR_NONE);
			continue;
		}
		assert_int_equal(why.kind, ERR_MISSING);
		assert_true(strlen(capability_state(c->name)->why) > 0);
		assert_non_null(strstr(why.text, c->name));
	}
}

static void an_unknown_name_is_an_error_of_input(void **state)
{
	struct err why = {0};

	(void)state;
	assert_int_equal(capability_have("tunn", &why), -1);
	assert_int_equal(why.kind, ERR_INPUT);
	assert_null(capability_find("tunn"));
}

static void root_is_told_from_others(void **state)
{
	(void)state;
	if (geteuid())
		assert_int_equal(capability_have("root", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_has_a_probe_and_an_answer),
	        cmocka_unit_test(an_unknown_name_is_an_error_of_input),
	        cmocka_unit_test(root_is_told_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
