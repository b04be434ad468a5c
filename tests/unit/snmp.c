/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of /proc/net/snmp and netstat, from text. */
#include "observe/snmp_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct snmp *parsed(const char *text)
{
	struct snmp *s = snmp_new();
	struct err err = {0};

	if (snmp_parse(s, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void refused(const char *text, const char *why)
{
	struct snmp *s = snmp_new();
	struct err err = {0};

	assert_int_equal(snmp_parse(s, text, strlen(text), &err), -1);
	assert_non_null(strstr(err.text, why));
	snmp_free(s);
}

#define TWO "Tcp: MaxConn OutRsts\nTcp: -1 7\nIp: InDelivers\nIp: 18446744073709551615\n"

static void names_are_group_and_name(void **state)
{
	struct snmp *s = parsed(TWO);
	const char *const *names;
	size_t n;
	int known;

	(void)state;
	names = snmp_names(s, &n);
	assert_int_equal(n, 3);
	assert_string_equal(names[0], "Tcp.MaxConn");
	assert_string_equal(names[2], "Ip.InDelivers");
	assert_null(names[3]);
	assert_int_equal(snmp_get(s, "Tcp.OutRsts", &known), 7);
	assert_int_equal(known, 1);
	assert_int_equal(snmp_get(s, "Tcp.MaxConn", NULL), -1);
	assert_int_equal(snmp_get(s, "Tcp.OutRst", &known), 0);
	assert_int_equal(known, 0);
	snmp_free(s);
}

static void nothing_is_an_empty_reading(void **state)
{
	struct snmp *s = parsed("");
	size_t n = 9;

	(void)state;
	assert_null(snmp_names(s, &n)[0]);
	assert_int_equal(n, 0);
	snmp_free(s);
}

static void what_does_not_match_is_refused(void **state)
{
	(void)state;
	refused("Tcp: A B\n", "without its line of values");
	refused("Tcp: A B\nIp: 1 2\n", "without its line of values");
	refused("Tcp: A B\nTcp: 1\n", "not as many values");
	refused("Tcp: A\nTcp: 1 2\n", "not as many values");
	refused("Tcp: A\nTcp: x\n", "no number");
	refused("Tcp: A\nTcp: -\n", "no number");
}

struct seen {
	int n;
	char last[64];
	int64_t value;
};

static void see(void *arg, const char *name, int64_t difference)
{
	struct seen *s = arg;

	s->n++;
	s->value = difference;
	strncpy(s->last, name, sizeof s->last - 1);
}

static void only_what_changed_is_told(void **state)
{
	struct snmp *base = parsed("Tcp: A B\nTcp: 5 6\n");
	struct snmp *now = parsed("Tcp: A B\nTcp: 5 9\n");
	struct seen s = {0};

	(void)state;
	snmp_differences(base, now, see, &s);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.last, "Tcp.B");
	assert_int_equal(s.value, 3);
	snmp_free(base);
	snmp_free(now);
}

/* IcmpMsg grows a column when a new type of message is seen. */
static void a_counter_that_appears_counts_from_zero(void **state)
{
	struct snmp *base = parsed("IcmpMsg: InType3\nIcmpMsg: 5\nTcp: A\nTcp: 1\n");
	struct snmp *now = parsed("IcmpMsg: InType0 InType3\nIcmpMsg: 2 5\nTcp: A\nTcp: 1\n");
	struct seen s = {0};

	(void)state;
	snmp_differences(base, now, see, &s);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.last, "IcmpMsg.InType0");
	assert_int_equal(s.value, 2);
	snmp_free(base);
	snmp_free(now);
}

static void this_kernel_is_read(void **state)
{
	struct err err = {0};
	struct snmp *s = snmp_read(&err);
	int known;

	(void)state;
	if (!s)
		fail_msg("%s", err.text);
	snmp_get(s, "TcpExt.TWRecycled", &known);
	assert_int_equal(known, 1);
	snmp_get(s, "Tcp.OutRsts", &known);
	assert_int_equal(known, 1);
	assert_true(snmp_knows(s, "TcpExt.TWRecycled"));
	assert_false(snmp_knows(s, "TcpExt.TWRecyled"));
	snmp_free(s);
}

static void what_has_not_counted_is_known(void **state)
{
	struct snmp *s = parsed("Tcp: A\nTcp: 0\n");

	(void)state;
	assert_true(snmp_knows(s, "Tcp.A"));
	assert_false(snmp_knows(s, "Tcp.B"));
	assert_true(snmp_knows(s, "IcmpMsg.InType3"));
	assert_true(snmp_knows(s, "IcmpMsg.OutType255"));
	assert_false(snmp_knows(s, "IcmpMsg.InType256"));
	assert_false(snmp_knows(s, "IcmpMsg.InType"));
	assert_false(snmp_knows(s, "IcmpMsg.InType3x"));
	snmp_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_group_and_name),
	        cmocka_unit_test(nothing_is_an_empty_reading),
	        cmocka_unit_test(what_does_not_match_is_refused),
	        cmocka_unit_test(only_what_changed_is_told),
	        cmocka_unit_test(a_counter_that_appears_counts_from_zero),
	        cmocka_unit_test(what_has_not_counted_is_known),
	        cmocka_unit_test(this_kernel_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
