/* SPDX-License-Identifier: BSD-2-Clause */
/* When an action is over: what it set off has settled on both sides. */
#include "story.h"

#include "expect/settle.h"

#include <signal.h>

/* Every scenario must expect something; these expect it of an empty table at the end. */
static void last_step(struct story *st, unsigned step)
{
	story_step(st, 10, step, STEP_BEGIN);
	story_sample(st, 11);
	story_step(st, 12, step, STEP_HOLDS);
	story_verdict(st);
}

static void connect_and_close_settle(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- client: {connect: 2}\n- client: {close: 1}\n- expect: "
	                      "{client: {LISTEN: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_CONNECTED, 0);
	story_peer(&st, 1, HOST_SERVER, 1, PEER_ACCEPTED, 0);
	story_peer(&st, 1, HOST_CLIENT, 2, PEER_CONNECTED, 0);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	story_peer(&st, 2, HOST_CLIENT, 0, PEER_DONE, 1);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	assert_string_equal(judge_rule(st.j).waits_for, "server accepted 1 of 2 connections");
	story_peer(&st, 3, HOST_SERVER, 2, PEER_ACCEPTED, 0);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_step(&st, 3, 0, STEP_HOLDS);
	story_step(&st, 4, 1, STEP_BEGIN);
	story_peer(&st, 5, HOST_CLIENT, 1, PEER_CLOSED, 0);
	story_peer(&st, 5, HOST_CLIENT, 0, PEER_DONE, 2);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	story_peer(&st, 6, HOST_SERVER, 1, PEER_EOF, 0);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_step(&st, 6, 1, STEP_HOLDS);
	last_step(&st, 2);
	assert_int_equal(st.v.kind, VERDICT_PASS);
	story_end(&st);
}

static void not_settled_is_told(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- client: {connect: 1}\n- client: {close: 1}\n- expect: "
	                      "{client: {LISTEN: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_CONNECTED, 0);
	story_peer(&st, 1, HOST_SERVER, 1, PEER_ACCEPTED, 0);
	story_peer(&st, 1, HOST_CLIENT, 0, PEER_DONE, 1);
	story_step(&st, 2, 0, STEP_HOLDS);
	story_step(&st, 2, 1, STEP_BEGIN);
	story_peer(&st, 3, HOST_CLIENT, 1, PEER_CLOSED, 0);
	story_peer(&st, 3, HOST_CLIENT, 0, PEER_DONE, 2);
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(5002));
	story_tick(&st, 5002);
	assert_int_equal(rule_kind(&st), ANSWER_FAILS);
	story_step(&st, 5002, 1, STEP_FAILS);
	story_verdict(&st);
	assert_string_equal(st.v.why,
	        "step 2 (line 4): client close settles within 5 s: did not settle: server saw the "
	        "end of 0 of 1 connections in 5 s; if a fault prevents it, write wait: no");
	story_end(&st);
}

#define EXPECT "- expect: {client: {LISTEN: 0}}\n"

static uint64_t within_ns(const char *steps, size_t index)
{
	struct story st;
	uint64_t ns;

	story_begin(&st, steps);
	ns = settle_within_ns(st.s, &st.s->steps.v[index]);
	story_end(&st);
	return ns;
}

/* What is much takes long, and is no failure for that. */
static void how_long_depends_on_how_much(void **state)
{
	static const char many[] =
	        HEAD "steps:\n- client: {connect: 8000}\n- client: {close: all}\n" EXPECT;
	static const char much[] =
	        HEAD "steps:\n- client: {connect: 2}\n- client: {send: 10000000}\n" EXPECT;
	static const char slow[] = HEAD "steps:\n- client: {connect: 100, rate: 10}\n" EXPECT;

	(void)state;
	assert_int_equal(within_ns(many, 0), (5 + 158) * NS_PER_S);
	assert_int_equal(within_ns(many, 1), (5 + 158) * NS_PER_S);
	assert_int_equal(within_ns(much, 0), 5 * NS_PER_S);
	assert_int_equal(within_ns(much, 1), (5 + 80) * NS_PER_S);
	assert_int_equal(within_ns(slow, 0), (5 + 10) * NS_PER_S);
}

static void who_never_looks_is_not_waited_for(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "server: {behaviour: never_accept}\n"
	                      "steps:\n- client: {connect: 1}\n- client: {close: 1}\n- expect: "
	                      "{client: {LISTEN: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_CONNECTED, 0);
	story_peer(&st, 1, HOST_CLIENT, 0, PEER_DONE, 1);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_step(&st, 1, 0, STEP_HOLDS);
	story_step(&st, 2, 1, STEP_BEGIN);
	story_peer(&st, 3, HOST_CLIENT, 1, PEER_CLOSED, 0);
	story_peer(&st, 3, HOST_CLIENT, 0, PEER_DONE, 2);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_end(&st);
}

static void bytes_must_arrive(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- client: {connect: 1}\n- client: {send: 100}\n- expect: "
	                      "{client: {LISTEN: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_CONNECTED, 0);
	story_peer(&st, 1, HOST_SERVER, 1, PEER_ACCEPTED, 0);
	story_peer(&st, 1, HOST_CLIENT, 0, PEER_DONE, 1);
	story_step(&st, 1, 0, STEP_HOLDS);
	story_step(&st, 2, 1, STEP_BEGIN);
	story_peer(&st, 3, HOST_CLIENT, 1, PEER_SENT, 100);
	story_peer(&st, 3, HOST_CLIENT, 0, PEER_DONE, 2);
	story_peer(&st, 4, HOST_SERVER, 1, PEER_RECEIVED, 60);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	story_peer(&st, 5, HOST_SERVER, 1, PEER_RECEIVED, 40);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_end(&st);
}

static void no_wait_is_at_once(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st,
	        HEAD "steps:\n- client: {connect: 1, wait: no}\n- expect: {client: {LISTEN: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_end(&st);
}

static void kill_and_start(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- server: {kill: SIGKILL}\n- server: {start: yes}\n- "
	                      "expect: {client: {LISTEN: 0}}\n");
	story_peer(&st, 0, HOST_SERVER, 0, PEER_READY, 0);
	story_step(&st, 1, 0, STEP_BEGIN);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	story_peer(&st, 2, HOST_SERVER, 0, PEER_EXITED, SIGKILL);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_step(&st, 2, 0, STEP_HOLDS);
	story_step(&st, 3, 1, STEP_BEGIN);
	story_peer(&st, 4, HOST_SERVER, 0, PEER_READY, 0);
	assert_int_equal(rule_kind(&st), ANSWER_UNDECIDED);
	story_peer(&st, 5, HOST_SERVER, 0, PEER_LISTENING, 0);
	assert_int_equal(rule_kind(&st), ANSWER_HOLDS);
	story_step(&st, 5, 1, STEP_HOLDS);
	last_step(&st, 2);
	assert_int_equal(st.v.kind, VERDICT_PASS);
	story_end(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(connect_and_close_settle),
	        cmocka_unit_test(not_settled_is_told),
	        cmocka_unit_test(how_long_depends_on_how_much),
	        cmocka_unit_test(who_never_looks_is_not_waited_for),
	        cmocka_unit_test(bytes_must_arrive),
	        cmocka_unit_test(no_wait_is_at_once),
	        cmocka_unit_test(kill_and_start),
	};

	return cmocka_run_group_tests_name("judge_settle", tests, NULL, NULL);
}
