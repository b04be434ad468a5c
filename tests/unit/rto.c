/* SPDX-License-Identifier: BSD-2-Clause */
/* Which value of a sysctl a host had: of the scenario, the command line and the steps the last. */
#include "story.h"

#include "expect/rto.h"

#define KEY     "net.ipv4.tcp_orphan_retries"
#define SETTING "{sysctl: {" KEY ": "

static const char *const yaml = HEAD "server: " SETTING "4}}\nsteps:\n"
                                     "- client: {connect: 1}\n"
                                     "- both: " SETTING "5}}\n"
                                     "- server: " SETTING "6}}\n"
                                     "- expect: {client: {LISTEN: 0}}\n";

static void the_last_setting_counts(void **state)
{
	struct timeline_head head = {.origin_ns = ORIGIN, .hz = 250, .family = 4};
	struct err err = {0};
	struct scenario *s = scenario_parse(yaml, strlen(yaml), "test.yaml", &err);
	struct ledger *l;

	(void)state;
	if (!s)
		fail_msg("%s", err.text);
	l = ledger_new(s, &head);
	assert_int_equal(rto_sysctl(l, HOST_CLIENT, KEY, UINT64_MAX, 8), 8);
	assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, UINT64_MAX, 8), 4);
	strcpy(head.set[head.n_set++], "server:" KEY "=9");
	strcpy(head.set[head.n_set++], "server:" KEY "_of_another=1");
	strcpy(head.set[head.n_set++], "client:" KEY "=3");
	strcpy(head.set[head.n_set++], "server:" KEY "=2");
	assert_int_equal(rto_sysctl(l, HOST_CLIENT, KEY, UINT64_MAX, 8), 3);
	assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, UINT64_MAX, 8), 2);
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t client[] = {3, 5, 5}, server[] = {2, 5, 6};
		struct event e = plain(i, EV_STEP, SRC_RUNNER, ACTOR_LAB);

		e.step.index = i;
		e.step.phase = STEP_BEGIN;
		ledger_feed(l, &e, i);
		assert_int_equal(rto_sysctl(l, HOST_CLIENT, KEY, UINT64_MAX, 8), client[i]);
		assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, UINT64_MAX, 8), server[i]);
	}
	/* A timer that had run by then knows nothing of later steps. */
	assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, at_ms(0.5), 8), 2);
	assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, at_ms(1), 8), 5);
	assert_int_equal(rto_sysctl(l, HOST_SERVER, KEY, at_ms(1.5), 8), 5);
	ledger_free(l);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_setting_counts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
