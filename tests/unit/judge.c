/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge: steps, deadlines, settling, trouble, and what each kind of expectation answers. */
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
	story_tick(&st, 3001); /* patience has an end */
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
	assert_int_equal(minute(1, 62053, 62053), ANSWER_HOLDS); /* the window's very end */
	assert_int_equal(minute(2, 60900, 61100), ANSWER_HOLDS);
	assert_int_equal(minute(1, 60000, 60000), ANSWER_FAILS);
	assert_int_equal(minute(1, 62054, 62054), ANSWER_FAILS);
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
	assert_int_equal(judge_rule(st.j).until_ns, at_ms(2000 + 62052));
	story_tick(&st, 62060);
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

/* ---- settling ---- */

static enum answer_kind rule_kind(struct story *st)
{
	return judge_rule(st->j).kind;
}

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

/* ---- trouble ---- */

static void expect_error(struct story *st, const char *why)
{
	assert_int_equal(rule_kind(st), ANSWER_FAILS);
	story_step(st, 50, 0, STEP_FAILS);
	story_verdict(st);
	assert_int_equal(st->v.kind, VERDICT_ERROR);
	assert_string_equal(st->v.why, why);
	story_end(st);
}

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
	        cmocka_unit_test(errors_counters_and_descriptors),
	        cmocka_unit_test(segments),
	        cmocka_unit_test(segments_need_the_wire),
	        cmocka_unit_test(queues_timers_and_owners),
	        cmocka_unit_test(path_holds),
	        cmocka_unit_test(path_fails),
	        cmocka_unit_test(path_of_one_that_never_got_there),
	        cmocka_unit_test(stays_of_a_minute),
	        cmocka_unit_test(a_stay_that_does_not_end),
	        cmocka_unit_test(a_minisocket_takes_over),
	        cmocka_unit_test(paths_need_an_observer),
	        cmocka_unit_test(connect_and_close_settle),
	        cmocka_unit_test(not_settled_is_told),
	        cmocka_unit_test(who_never_looks_is_not_waited_for),
	        cmocka_unit_test(bytes_must_arrive),
	        cmocka_unit_test(no_wait_is_at_once),
	        cmocka_unit_test(kill_and_start),
	        cmocka_unit_test(trouble_is_an_error),
	        cmocka_unit_test(lost_events_undo_a_failure),
	        cmocka_unit_test(a_gap_proves_no_path),
	        cmocka_unit_test(a_cut_timeline_is_an_error),
	        cmocka_unit_test(a_record_that_says_else_is_an_error),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
