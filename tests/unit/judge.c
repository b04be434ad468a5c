/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge: steps, deadlines, and trouble, which undoes a verdict. */
#include "story.h"

#include <signal.h>

#define E ST_ESTABLISHED

/* ---- populations, deadlines ---- */

#define CLOSE_WAIT_2 HEAD "steps:\n- expect: {server: {CLOSE_WAIT: 2}}\n"

static void needs_a_fresh_dump(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_state(&st, 0, 1, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_state(&st, 0, 1, HOST_SERVER, 2, E, ST_CLOSE_WAIT);
	story_sample(&st, 2);
	story_step(&st, 3, 0, STEP_BEGIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_sample(&st, 4);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_step(&st, 4, 0, STEP_HOLDS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_PASS);
	assert_int_equal(st.v.findings.n, 1);
	assert_string_equal(st.v.findings.v[0].seen, "2");
	assert_string_equal(st.v.why, "");
	story_end(&st);
}

static void fails_at_the_deadline(void **state)
{
	struct story st;
	struct ruling r;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 0, 1, HOST_SERVER, 1, ST_NONE, ST_CLOSE_WAIT);
	story_state(&st, 0, 1, HOST_SERVER, 2, ST_NONE, E);
	story_sample(&st, 1999);
	r = judge_rule(st.j);
	assert_int_equal(r.kind, ANSWER_UNDECIDED);
	assert_int_equal(r.until_ns, at_ms(2000));
	assert_string_equal(r.waits_for, "server CLOSE_WAIT = 2 (1 (1 in ESTABLISHED) so far)");
	story_sample(&st, 2000);
	story_tick(&st, 2000);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 2000, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_FAIL);
	assert_string_equal(st.v.why, "step 1 (line 3): server CLOSE_WAIT = 2 within 2 s: 1 (1 in "
	                              "ESTABLISHED) after 2 s");
	story_end(&st);
}

static void waits_for_a_dump_at_the_deadline(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 1990);
	story_tick(&st, 2001);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_tick(&st, 12001); /* patience has an end */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

static void after_begins_later(void **state)
{
	struct story st;
	struct ruling r;

	(void)state;
	story_begin(&st, HEAD "steps:\n- expect: {client: {FIN_WAIT_2: 0}}\n"
	                      "- expect: {after: 60s, client: {FIN_WAIT_2: 0}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 1);
	story_step(&st, 1, 0, STEP_HOLDS);
	story_step(&st, 2, 1, STEP_BEGIN);
	story_sample(&st, 30000);
	r = judge_rule(st.j);
	assert_int_equal(r.kind, ANSWER_UNDECIDED);
	assert_int_equal(r.until_ns, at_ms(60001));
	assert_int_equal(r.not_before_ns, at_ms(60001));
	story_state(&st, 0, 30000, HOST_CLIENT, 1, E, ST_FIN_WAIT_2);
	story_sample(&st, 60001);
	r = judge_rule(st.j);
	assert_int_equal(r.kind, ANSWER_UNDECIDED);
	/* 2 s, and a granule of 512 jiffies and a jiffy for the kernel's timer to be late */
	assert_int_equal(r.until_ns, at_ms(60001 + 2000 + 2048 + 4));
	story_state(&st, 60001, 64000, HOST_CLIENT, 1, ST_FIN_WAIT_2, ST_CLOSE);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

/* ---- for ---- */

#define FOR_1S HEAD "steps:\n- expect: {for: 1s, server: {CLOSE_WAIT: 1}}\n"

static void for_holds_to_its_end(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, FOR_1S);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 0, 100, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_sample(&st, 100);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(1100));
	story_tick(&st, 1100); /* no dump as young as that */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_sample(&st, 1101);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_step(&st, 1101, 0, STEP_HOLDS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_PASS);
	story_end(&st);
}

static void for_is_broken_by_a_moment(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, FOR_1S);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 0, 100, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_sample(&st, 100);
	story_state(&st, 400, 500, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
	story_state(&st, 500, 501, HOST_SERVER, 2, E, ST_CLOSE_WAIT); /* too late */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 501, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_FAIL);
	assert_string_equal(
	        st.v.findings.v[0].seen, "0 (1 in LAST_ACK), after it had held for 400 ms");
	story_end(&st);
}

static void for_is_broken_also_by_what_is_told_late(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, FOR_1S);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 0, 100, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_sample(&st, 100);
	story_peer(&st, 1101, HOST_CLIENT, 1, PEER_SENT, 1); /* by now its time is over */
	story_state(&st, 900, 900, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
	story_sample(&st, 1102);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

/* What is told late of before it began: it did not begin then. */
static void for_begins_when_it_holds(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, FOR_1S);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 0, 50, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_sample(&st, 100);
	story_state(&st, 90, 90, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
	story_state(&st, 190, 200, HOST_SERVER, 2, E, ST_CLOSE_WAIT);
	story_sample(&st, 210);
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(1200));
	story_sample(&st, 1200);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

/* ---- trouble ---- */

static void trouble_is_an_error(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_text(&st, 1, EV_TROUBLE, "no room for the timeline");
	expect_error(&st, "no room for the timeline");

	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_SERVER, 0, PEER_EXITED, SIGSEGV);
	expect_error(&st, "the program of the server was killed by SIGSEGV");

	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 0, PEER_EXITED, 3 << 8);
	expect_error(&st, "the program of the client ended by itself, with exit status 3");
}

static void lost_events_undo_a_failure(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 2000);
	story_step(&st, 2000, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_FAIL);
	story_text(&st, 2001, EV_TROUBLE, "3 events were lost");
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_ERROR);
	story_end(&st);
}

static void a_cut_timeline_is_an_error(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_ERROR);
	assert_string_equal(st.v.why, "the timeline ends in step 1 of 1");
	story_end(&st);
}

static void a_record_that_says_else_is_an_error(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 1);
	story_step(&st, 2, 0, STEP_HOLDS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_ERROR);
	assert_non_null(strstr(st.v.why, "recorded as held, and is undecided"));
	story_end(&st);

	story_begin(&st, CLOSE_WAIT_2);
	story_step(&st, 0, 1, STEP_BEGIN);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_ERROR);
	story_end(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(needs_a_fresh_dump),
	        cmocka_unit_test(fails_at_the_deadline),
	        cmocka_unit_test(waits_for_a_dump_at_the_deadline),
	        cmocka_unit_test(after_begins_later),
	        cmocka_unit_test(for_holds_to_its_end),
	        cmocka_unit_test(for_is_broken_by_a_moment),
	        cmocka_unit_test(for_is_broken_also_by_what_is_told_late),
	        cmocka_unit_test(for_begins_when_it_holds),
	        cmocka_unit_test(trouble_is_an_error),
	        cmocka_unit_test(lost_events_undo_a_failure),
	        cmocka_unit_test(a_cut_timeline_is_an_error),
	        cmocka_unit_test(a_record_that_says_else_is_an_error),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
