/* SPDX-License-Identifier: BSD-2-Clause */
/* Nothing outside of net. is written, whoever asks. The values are those that stand there already.
 */
#include "netns/sysctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void refuse(const char *name, const char *value, const char *why)
{
	struct err err = {0};

	assert_int_equal(sysctl_write(name, value, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.text, why))
		fail_msg("expected '%s' in: %s", why, err.text);
}

static void what_is_the_machines(void **state)
{
	char value[256];

	(void)state;
	assert_int_equal(sysctl_read("kernel.hostname", value, sizeof value, NULL), 0);
	refuse("kernel.hostname", value, "'kernel.hostname' is not a host's own");
	assert_int_equal(sysctl_read("fs.file-max", value, sizeof value, NULL), 0);
	refuse("fs.file-max", value, "'fs.file-max' is not a host's own");
}

static void what_is_no_name(void **state)
{
	(void)state;
	refuse("", "1", "is no name of a sysctl");
	refuse("net.", "1", "is no name of a sysctl");
	refuse("net...kernel.hostname", "1", "is no name of a sysctl");
	refuse("net/ipv4/tcp_fin_timeout", "60", "is no name of a sysctl");
}

static void no_value_is_none(void **state)
{
	(void)state;
	refuse("net.ipv4.tcp_fin_timeout", "", "net.ipv4.tcp_fin_timeout: no value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_the_machines),
	        cmocka_unit_test(what_is_no_name),
	        cmocka_unit_test(no_value_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
