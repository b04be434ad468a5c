/* SPDX-License-Identifier: BSD-2-Clause */
/* What each kind of expectation answers: counts, details of sockets, paths. */
#include "story.h"

#define E ST_ESTABLISHED

/* ---- kinds that count ---- */

static void errors_counters_and_descriptors(void **state)
{
	struct story st;
	struct event e;

	(void)state;
	story_begin(&st, HEAD "steps:\n- expect: {client: {errors: {EADDRNOTAVAIL: 1}, "
	                      "counters: {TcpExt.TWRecycled: 3}, descriptors: 2}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_FAILED, EADDRNOTAVAIL);
	e = plain(1, EV_COUNTER, SRC_SNMP, HOST_CLIENT);
	strcpy(e.counter.name, "TcpExt.TWRecycled");
	e.counter.value = 3;
	story_tell(&st, e);
	story_sample(&st, 2);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	e = plain(3, EV_OWNED, SRC_OWNERS, HOST_CLIENT);
	e.owned.descriptors = 2;
	story_tell(&st, e);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	/* A counter never falls again: past its bound is past help. */
	story_peer(&st, 4, HOST_CLIENT, 2, PEER_FAILED, EADDRNOTAVAIL);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 4, 0, STEP_FAILS);
	story_verdict(&st);
	assert_string_equal(st.v.why, "step 1 (line 3): client EADDRNOTAVAIL = 1 within 2 s: 2 "
	                              "after 4 ms");
	story_end(&st);
}

static void errors_that_came_instead_are_told(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- expect: {client: {errors: {EHOSTUNREACH: 1}}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_peer(&st, 1, HOST_CLIENT, 1, PEER_FAILED, ETIMEDOUT);
	story_peer(&st, 2, HOST_CLIENT, 2, PEER_FAILED, ETIMEDOUT);
	story_peer(&st, 3, HOST_CLIENT, 3, PEER_FAILED, ECONNRESET);
	story_peer(&st, 3, HOST_SERVER, 1, PEER_FAILED, EPIPE);
	story_sample(&st, 2000);
	story_step(&st, 2000, 0, STEP_FAILS);
	story_verdict(&st);
	assert_string_equal(st.v.why, "step 1 (line 3): client EHOSTUNREACH = 1 within 2 s: 0 (1 "
	                              "ECONNRESET, 2 ETIMEDOUT) after 2 s");
	story_end(&st);
}

#define WIRE_FIN HEAD "link: wire\nsteps:\n- expect: {wire: {fin from server: 2, dropped: 1}}\n"

static struct event segment(double ms, int from, enum segment_role role, enum segment_fate fate)
{
	struct event e = about(ms, EV_SEGMENT, SRC_WIRE, from, 1);

	e.segment = (struct ev_segment){.number = 1, .connection = 1, .role = role, .fate = fate};
	return e;
}

static void segments(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, WIRE_FIN);
	st.t.head.observers |= 1u << SRC_WIRE;
	story_step(&st, 0, 0, STEP_BEGIN);
	story_tell(&st, segment(1, HOST_SERVER, ROLE_FIN, FATE_DROPPED));
	story_tell(&st, segment(1, HOST_CLIENT, ROLE_FIN, FATE_PASSED));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_tell(&st, segment(200, HOST_SERVER, ROLE_FIN, FATE_PASSED));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_tell(&st, segment(400, HOST_SERVER, ROLE_FIN, FATE_PASSED));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

static void segments_need_the_wire(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, WIRE_FIN);
	story_step(&st, 0, 0, STEP_BEGIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_MISSING);
	story_step(&st, 1, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_SKIP);
	assert_non_null(strstr(st.v.why, "needs link: wire"));
	story_end(&st);
}

/* ---- details of sockets ---- */

static void queues_timers_and_owners(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- expect: {server: {recv_q: {CLOSE_WAIT: 210}, unowned: "
	                      "{CLOSE_WAIT: 1}, timer: {TIME_WAIT: \"58s .. 60s\"}}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_sample(&st, 1);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED); /* no such sockets */
	story_socket(
	        &st, 2, HOST_SERVER, 1, (struct ev_socket){.state = ST_CLOSE_WAIT, .rqueue = 210});
	story_socket(&st, 2, HOST_SERVER, 2,
	        (struct ev_socket){.state = ST_CLOSE_WAIT, .rqueue = 210, .inode = 7});
	story_socket(&st, 2, HOST_SERVER, 3,
	        (struct ev_socket){.state = ST_TIME_WAIT, .timer = 3, .expires_ms = 59000});
	story_sample(&st, 3);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_sample(&st, 1500); /* the timer has run down meanwhile */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_end(&st);
}

/* The dump was before the socket came to its state: it says nothing of that. */
static void details_of_another_state(void **state)
{
	static const char *const kinds[] = {"recv_q: {CLOSE_WAIT: 0}", "unowned: {CLOSE_WAIT: 0}",
	        "timer: {CLOSE_WAIT: \"0s .. 1s\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		char yaml[128];
		struct story st;

		snprintf(yaml, sizeof yaml, HEAD "steps:\n- expect: {server: {%s}}\n", kinds[i]);
		story_begin(&st, yaml);
		story_step(&st, 0, 0, STEP_BEGIN);
		story_state(&st, 1, 1, HOST_SERVER, 1, ST_NONE, E);
		story_socket(&st, 9, HOST_SERVER, 1, (struct ev_socket){.state = E, .inode = 7});
		story_state(&st, 10, 10, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
		story_sample(&st, 11);
		assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
		story_socket(&st, 12, HOST_SERVER, 1,
		        (struct ev_socket){.state = ST_CLOSE_WAIT, .rqueue = 1});
		story_sample(&st, 13);
		assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
		story_end(&st);
	}
}

/* Nor does it end what has held until then. */
static void a_new_one_breaks_nothing(void **state)
{
	const struct ev_socket one = {.state = ST_CLOSE_WAIT, .rqueue = 1};
	struct story st;

	(void)state;
	story_begin(&st, HEAD "steps:\n- expect: {for: 1s, server: {recv_q: {CLOSE_WAIT: 1}}}\n");
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 1, 1, HOST_SERVER, 1, E, ST_CLOSE_WAIT);
	story_socket(&st, 2, HOST_SERVER, 1, one);
	story_sample(&st, 3);
	story_state(&st, 500, 500, HOST_SERVER, 2, E, ST_CLOSE_WAIT);
	story_sample(&st, 501);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_socket(&st, 502, HOST_SERVER, 2, one);
	story_sample(&st, 1100);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

/* ---- paths ---- */

#define PATH_OF(path) HEAD "steps:\n- expect: {client: {path: " path "}}\n"
#define CLOSING_PATH  "[ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT]"
#define MINUTE_PATH   "[FIN_WAIT_2, {TIME_WAIT: 60s}, CLOSE]"

static void path_begin(struct story *st, const char *yaml)
{
	story_begin(st, yaml);
	st->t.head.observers |= 1u << SRC_WIRE;
	story_step(st, 0, 0, STEP_BEGIN);
}

/* Every state after the other, a millisecond each, exact moments. */
static void walk(struct story *st, unsigned n, const enum tcp_state *states)
{
	for (int i = 0; states[i] != ST_NONE; i++)
		story_state(
		        st, i + 1, i + 1, HOST_CLIENT, n, i ? states[i - 1] : ST_NONE, states[i]);
}

#define WALK(st, n, ...) walk(st, n, (const enum tcp_state[]){__VA_ARGS__, ST_NONE})

static void path_holds(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(CLOSING_PATH));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED); /* never vacuous */
	WALK(&st, 9, ST_LISTEN);
	WALK(&st, 1, ST_SYN_SENT);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	WALK(&st, 1, ST_SYN_SENT, E, ST_FIN_WAIT_1, ST_FIN_WAIT_2);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_state(&st, 5, 5, HOST_CLIENT, 1, ST_FIN_WAIT_2, ST_TIME_WAIT);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	WALK(&st, 2, ST_SYN_SENT, E);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED); /* each of them must */
	story_end(&st);
}

static void path_fails(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(CLOSING_PATH));
	WALK(&st, 1, E, ST_FIN_WAIT_1, ST_CLOSING);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 4, 0, STEP_FAILS);
	story_verdict(&st);
	assert_string_equal(st.v.findings.v[0].seen,
	        "went to CLOSING where FIN_WAIT_2 was expected; 198.18.0.1:40001 > "
	        "198.19.0.1:5000: ESTABLISHED 1 ms, FIN_WAIT_1 1 ms, CLOSING");
	story_end(&st);
}

static void path_of_one_that_never_got_there(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(CLOSING_PATH));
	WALK(&st, 1, ST_SYN_SENT, ST_CLOSE);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

/* TIME_WAIT entered in (1, in_ms], left in (out_since, out_ms]. */
static enum answer_kind minute(double in_ms, double out_since, double out_ms)
{
	enum answer_kind kind;
	struct story st;

	path_begin(&st, PATH_OF(MINUTE_PATH));
	story_state(&st, 0, 1, HOST_CLIENT, 1, E, ST_FIN_WAIT_2);
	story_state(&st, 1, in_ms, HOST_CLIENT, 1, ST_FIN_WAIT_2, ST_TIME_WAIT);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_state(&st, out_since, out_ms, HOST_CLIENT, 1, ST_TIME_WAIT, ST_CLOSE);
	kind = judge_rule(st.j).kind;
	story_end(&st);
	return kind;
}

static void stays_of_a_minute(void **state)
{
	(void)state;
	assert_int_equal(minute(1, 60001, 60001), ANSWER_HOLDS);
	assert_int_equal(minute(1, 62093, 62093), ANSWER_HOLDS); /* the window's very end */
	assert_int_equal(minute(2, 60900, 61100), ANSWER_HOLDS);
	assert_int_equal(minute(1, 60000, 60000), ANSWER_FAILS);
	assert_int_equal(minute(1, 62094, 62094), ANSWER_FAILS);
	assert_int_equal(minute(1, 50000, 61000), ANSWER_MISSING); /* looked too seldom */
}

static void a_stay_that_does_not_end(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(MINUTE_PATH));
	WALK(&st, 1, ST_FIN_WAIT_2, ST_TIME_WAIT);
	story_tick(&st, 62000);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(2000 + 62092));
	story_tick(&st, 62100); /* its end may have happened, and not be told yet */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_sample(&st, 62100);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

/* A lower bound alone holds from then on: nothing has to end. */
static void a_stay_that_need_not_end(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF("[FIN_WAIT_2, {TIME_WAIT: \">= 500ms\"}]"));
	WALK(&st, 1, ST_FIN_WAIT_2, ST_TIME_WAIT); /* at 2 ms */
	story_sample(&st, 500);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_sample(&st, 502);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

/* Who says how long at most is taken at their word. */
static void within_bounds_stays_too(void **state)
{
	struct story st;

	(void)state;
	path_begin(
	        &st, HEAD "steps:\n- expect: {within: 300ms, client: {path: " MINUTE_PATH "}}\n");
	WALK(&st, 1, ST_FIN_WAIT_2, ST_TIME_WAIT);
	story_sample(&st, 299);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(300));
	story_sample(&st, 300);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

static void a_minisocket_takes_over(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(CLOSING_PATH));
	WALK(&st, 1, E, ST_FIN_WAIT_1, ST_FIN_WAIT_2, ST_CLOSE, ST_TIME_WAIT);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

static void paths_need_an_observer(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, PATH_OF(CLOSING_PATH));
	story_step(&st, 0, 0, STEP_BEGIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_MISSING);
	story_step(&st, 1, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_SKIP);
	assert_non_null(strstr(st.v.why, "needs bpf or link: wire"));
	story_end(&st);
}

static void a_gap_proves_no_path(void **state)
{
	struct story st;

	(void)state;
	path_begin(&st, PATH_OF(CLOSING_PATH));
	WALK(&st, 1, E, ST_FIN_WAIT_1);
	story_socket(&st, 10, HOST_CLIENT, 1, (struct ev_socket){.state = ST_TIME_WAIT});
	story_sample(&st, 11);
	story_sample(&st, 300);
	expect_error(&st,
	        "transitions of 1 sockets of the client were missed: a dump shows them in "
	        "another state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(errors_counters_and_descriptors),
	        cmocka_unit_test(errors_that_came_instead_are_told),
	        cmocka_unit_test(segments),
	        cmocka_unit_test(segments_need_the_wire),
	        cmocka_unit_test(queues_timers_and_owners),
	        cmocka_unit_test(details_of_another_state),
	        cmocka_unit_test(a_new_one_breaks_nothing),
	        cmocka_unit_test(path_holds),
	        cmocka_unit_test(path_fails),
	        cmocka_unit_test(path_of_one_that_never_got_there),
	        cmocka_unit_test(stays_of_a_minute),
	        cmocka_unit_test(a_stay_that_does_not_end),
	        cmocka_unit_test(a_stay_that_need_not_end),
	        cmocka_unit_test(within_bounds_stays_too),
	        cmocka_unit_test(a_minisocket_takes_over),
	        cmocka_unit_test(paths_need_an_observer),
	        cmocka_unit_test(a_gap_proves_no_path),
	};

	return cmocka_run_group_tests_name("judge_kinds", tests, NULL, NULL);
}
