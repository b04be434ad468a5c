/* SPDX-License-Identifier: BSD-2-Clause */
/* What is expected of segments beyond their numbers: their order, and the times between them. */
#include "story.h"

#include "expect/backoff.h"

#define WIRE(expects) HEAD "link: wire\nsteps:\n- expect: {within: 200s, wire: {" expects "}}\n"
#define STAMPS        1000u /* where the timestamps of the connection begin */
#define NO_STAMP      (-1)

static void begin(struct story *st, const char *yaml)
{
	story_begin(st, yaml);
	st->t.head.observers |= 1u << SRC_WIRE;
	story_step(st, 0, 0, STEP_BEGIN);
}

/* Came to the wire at `ms`; was sent at `sent` by the sender's clock. */
static struct event segment(double ms, int from, enum segment_role role, double sent)
{
	struct event e = about(ms, EV_SEGMENT, SRC_WIRE, from, 1);

	e.segment = (struct ev_segment){
	        .number = 1, .connection = 1, .role = role, .flags = SEG_ACK, .rule = -1};
	e.segment.seq = role == ROLE_SYN || role == ROLE_SYN_ACK ? 100 : 101;
	e.segment.ack = 101;
	if (role == ROLE_SYN)
		e.segment.flags = SEG_SYN;
	else if (role == ROLE_SYN_ACK)
		e.segment.flags |= SEG_SYN;
	else if (role == ROLE_FIN)
		e.segment.flags |= SEG_FIN;
	e.segment.has_sent = sent >= 0;
	e.segment.sent_ms = sent >= 0 ? STAMPS + (uint32_t)sent : 0;
	return e;
}

static void send_at(struct story *st, double ms, int from, enum segment_role role)
{
	story_tell(st, segment(ms, from, role, ms));
}

static void handshake(struct story *st, double round_trip)
{
	send_at(st, 0, HOST_CLIENT, ROLE_SYN);
	send_at(st, 0.1, HOST_SERVER, ROLE_SYN_ACK);
	send_at(st, 0.1 + round_trip, HOST_CLIENT, ROLE_HANDSHAKE_ACK);
}

/* FINs of the server, dropped, the first at 100 ms; the gaps end at 0. */
static void fins(struct story *st, const double *gaps)
{
	double ms = 100;
	struct event e = segment(ms, HOST_SERVER, ROLE_FIN, ms);

	e.segment.fate = FATE_DROPPED;
	story_tell(st, e);
	for (; *gaps > 0; gaps++) {
		ms += *gaps;
		e = segment(ms, HOST_SERVER, ROLE_FIN, ms);
		e.segment.fate = FATE_DROPPED;
		e.segment.again = 1;
		story_tell(st, e);
	}
}

#define GAPS(...) ((const double[]){__VA_ARGS__, 0})

static struct ruling ruled(const char *yaml, unsigned hz, double round_trip, const double *gaps)
{
	struct story st;
	struct ruling r;

	begin(&st, yaml);
	st.t.head.hz = hz;
	handshake(&st, round_trip);
	fins(&st, gaps);
	r = judge_rule(st.j);
	story_end(&st);
	return r;
}

#define BACKOFF WIRE("gaps of fin from server: backoff")

static enum answer_kind backoff(unsigned hz, const double *gaps)
{
	return ruled(BACKOFF, hz, 0.1, gaps).kind;
}

/* ---- absence ---- */

/* Nothing has to be looked at to know of it: the time runs from the step's beginning. */
static void absence_lasts_all_its_time(void **state)
{
	struct story st;
	struct ruling r;

	(void)state;
	begin(&st, HEAD "link: wire\nsteps:\n- expect: {for: 1s, wire: {rst: 0}}\n");
	r = judge_rule(st.j);
	assert_int_equal(r.kind, ANSWER_UNDECIDED);
	assert_int_equal(r.until_ns, at_ms(1000));
	story_tick(&st, 999);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_tick(&st, 1000);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);

	begin(&st, HEAD "link: wire\nsteps:\n- expect: {for: 1s, wire: {rst: 0}}\n");
	send_at(&st, 900, HOST_CLIENT, ROLE_RST);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 900, 0, STEP_FAILS);
	story_verdict(&st);
	assert_non_null(strstr(st.v.why, "rst = 0 for 1 s: 1, after it had held for 900 ms"));
	story_end(&st);
}

/* ---- order ---- */

static void order_lets_others_between(void **state)
{
	struct story st;

	(void)state;
	begin(&st, WIRE("order: [fin from client, fin from server, last-ack from client]"));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED); /* no connection at all */
	handshake(&st, 0.1);
	send_at(&st, 1, HOST_CLIENT, ROLE_FIN);
	send_at(&st, 2, HOST_SERVER, ROLE_ACK_OF_FIN);
	send_at(&st, 3, HOST_SERVER, ROLE_FIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	send_at(&st, 4, HOST_CLIENT, ROLE_LAST_ACK);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

static void order_is_of_each_connection(void **state)
{
	struct story st;
	struct event e = segment(5, HOST_CLIENT, ROLE_FIN, 5);

	(void)state;
	begin(&st, WIRE("order: [fin from client, fin from server]"));
	send_at(&st, 1, HOST_CLIENT, ROLE_FIN);
	e.segment.connection = 2;
	e.tuple = tuple_of(HOST_CLIENT, 2);
	story_tell(&st, e);
	send_at(&st, 6, HOST_SERVER, ROLE_FIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	e = segment(7, HOST_SERVER, ROLE_FIN, 7);
	e.segment.connection = 2;
	story_tell(&st, e);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

static void order_says_how_far_it_came(void **state)
{
	struct story st;

	(void)state;
	begin(&st, WIRE("order: [fin from client, fin from server, last-ack from client]"));
	send_at(&st, 1, HOST_SERVER, ROLE_FIN);
	send_at(&st, 2, HOST_CLIENT, ROLE_FIN);
	send_at(&st, 3, HOST_CLIENT, ROLE_LAST_ACK);
	story_sample(&st, 200001);
	story_tick(&st, 200001);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 200001, 0, STEP_FAILS);
	story_verdict(&st);
	assert_int_equal(st.v.kind, VERDICT_FAIL);
	assert_non_null(strstr(st.v.why,
	        "198.18.0.1:40001 > 198.19.0.1:5000: no fin from server after fin from client, but "
	        "last-ack from client; 1 of 3 came in order"));
	story_end(&st);
}

static void a_segment_is_counted_once(void **state)
{
	struct story st;

	(void)state;
	begin(&st, WIRE("order: [fin, fin]"));
	send_at(&st, 1, HOST_SERVER, ROLE_FIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	send_at(&st, 2, HOST_CLIENT, ROLE_FIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

/* ---- gaps ---- */

static void given_gaps_are_the_first(void **state)
{
	const char *yaml = WIRE("gaps of fin from server: [\"200ms .. 210ms\", \">= 400ms\"]");

	(void)state;
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(205)).kind, ANSWER_UNDECIDED);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(205, 900)).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(205, 900, 5)).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(212, 900)).kind, ANSWER_FAILS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(205, 390)).kind, ANSWER_FAILS);
	/* each stamp is a millisecond wide, and no more */
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(199)).kind, ANSWER_UNDECIDED);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(198)).kind, ANSWER_FAILS);
}

static void a_bare_gap_is_a_timer(void **state)
{
	const char *yaml = WIRE("gaps of fin from server: [1s]");

	(void)state;
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(998)).kind, ANSWER_FAILS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(1000)).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(1036 + 40)).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(1038 + 40)).kind, ANSWER_FAILS);
}

static void stamps_count_where_there_are_any(void **state)
{
	struct story st;

	(void)state;
	begin(&st, WIRE("gaps of fin from server: [\"200ms .. 210ms\"]"));
	story_tell(&st, segment(1, HOST_SERVER, ROLE_FIN, 1));
	story_tell(&st, segment(300, HOST_SERVER, ROLE_FIN, 206)); /* the wire was late */
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);

	begin(&st, WIRE("gaps of fin from server: [\"200ms .. 210ms\"]"));
	story_tell(&st, segment(1, HOST_SERVER, ROLE_FIN, NO_STAMP));
	story_tell(&st, segment(240, HOST_SERVER, ROLE_FIN, NO_STAMP));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);

	begin(&st, WIRE("gaps of fin from server: [\"200ms .. 210ms\"]"));
	story_tell(&st, segment(1, HOST_SERVER, ROLE_FIN, NO_STAMP));
	story_tell(&st, segment(300, HOST_SERVER, ROLE_FIN, NO_STAMP));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

static void stamps_run_over(void **state)
{
	struct event a = segment(1, HOST_SERVER, ROLE_FIN, 1);
	struct event b = segment(207, HOST_SERVER, ROLE_FIN, 1);
	struct story st;

	(void)state;
	begin(&st, WIRE("gaps of fin from server: [\"200ms .. 210ms\"]"));
	a.segment.sent_ms = UINT32_MAX - 100;
	b.segment.sent_ms = 105;
	story_tell(&st, a);
	story_tell(&st, b);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
}

static void gaps_need_the_wire(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, BACKOFF);
	story_step(&st, 0, 0, STEP_BEGIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_MISSING);
	story_end(&st);
}

/* ---- the ladder ---- */

/* As measured on 6.18 with HZ=250. */
static void ladders_of_the_kernel_fit(void **state)
{
	(void)state;
	assert_int_equal(backoff(250, GAPS(206, 208, 420, 836, 1660, 3490, 6680, 13300, 27400)),
	        ANSWER_HOLDS);
	assert_int_equal(backoff(250, GAPS(207, 208, 436)), ANSWER_HOLDS);
	assert_int_equal(backoff(250, GAPS(205, 207, 411)), ANSWER_HOLDS);
	assert_int_equal(backoff(250, GAPS(212, 212, 444)), ANSWER_HOLDS);
	assert_int_equal(backoff(250, GAPS(206, 412, 830)), ANSWER_HOLDS); /* without a probe */
	assert_int_equal(backoff(250, GAPS(206)), ANSWER_HOLDS);
	/* a jiffy of 1 ms: 201 ms, and a granule of an eighth */
	assert_int_equal(backoff(1000, GAPS(202, 208, 403, 850, 1620)), ANSWER_HOLDS);
	assert_int_equal(backoff(100, GAPS(215, 215, 425, 850)), ANSWER_HOLDS);
}

static void what_does_not_double_fails(void **state)
{
	(void)state;
	assert_int_equal(backoff(250, GAPS(207, 208, 208)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(207, 412, 412)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(207, 208, 300)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(207, 208, 412, 1240)), ANSWER_FAILS); /* three times */
	assert_int_equal(backoff(250, GAPS(207, 208, 420, 836, 1660, 2500)), ANSWER_FAILS);
}

static void what_is_not_of_200_ms_fails(void **state)
{
	(void)state;
	assert_int_equal(backoff(250, GAPS(190)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(100, 207, 412)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(1000)), ANSWER_FAILS);
	assert_int_equal(backoff(250, GAPS(300, 600)), ANSWER_FAILS);
	/* 240 ms could be a late 200 ms; but then the double is not twice that */
	assert_int_equal(backoff(250, GAPS(240, 240, 480, 960)), ANSWER_FAILS);
}

static void the_round_trip_is_part_of_it(void **state)
{
	(void)state;
	assert_int_equal(ruled(BACKOFF, 250, 100, GAPS(310, 310, 620)).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(BACKOFF, 250, 0.1, GAPS(310, 310, 620)).kind, ANSWER_FAILS);
	assert_int_equal(ruled(BACKOFF, 250, 20, GAPS(228, 228, 450)).kind, ANSWER_HOLDS);
}

static void sysctls_move_it(void **state)
{
	static const char yaml[] =
	        HEAD "link: wire\nserver: {sysctl: {net.ipv4.tcp_rto_min_us: 50000, "
	             "net.ipv4.tcp_rto_max_ms: 1000}}\nsteps:\n"
	             "- expect: {within: 200s, wire: {gaps of fin from server: backoff}}\n";
	static const char no_probe[] =
	        HEAD "link: wire\nserver: {sysctl: {net.ipv4.tcp_early_retrans: 0}}\nsteps:\n"
	             "- expect: {within: 200s, wire: {gaps of fin from server: backoff}}\n";

	(void)state;
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(55, 55, 108, 220, 430, 850, 1020, 1030)).kind,
	        ANSWER_HOLDS);
	assert_int_equal(ruled(yaml, 250, 0.1, GAPS(206)).kind, ANSWER_FAILS);
	assert_int_equal(ruled(no_probe, 250, 0.1, GAPS(206, 208)).kind, ANSWER_FAILS);
	assert_int_equal(ruled(no_probe, 250, 0.1, GAPS(206, 412)).kind, ANSWER_HOLDS);
}

/* With data under way a probe comes within jiffies. */
static void a_probe_is_soon_when_more_is_under_way(void **state)
{
	struct story st;
	struct event e;

	(void)state;
	begin(&st, BACKOFF);
	handshake(&st, 0.1);
	e = segment(90, HOST_SERVER, ROLE_DATA, 90);
	e.segment.length = 10;
	e.segment.fate = FATE_DROPPED;
	story_tell(&st, e);
	for (int i = 0; i < 3; i++) {
		double ms = i == 0 ? 100 : i == 1 ? 112 : 318;

		e = segment(ms, HOST_SERVER, ROLE_FIN, ms);
		e.segment.seq = 111;
		e.segment.again = i > 0;
		story_tell(&st, e);
	}
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_end(&st);
	assert_int_equal(backoff(250, GAPS(12, 206)), ANSWER_FAILS);
}

static void it_takes_one_that_is_sent_again(void **state)
{
	struct story st;

	(void)state;
	begin(&st, BACKOFF);
	handshake(&st, 0.1);
	send_at(&st, 100, HOST_SERVER, ROLE_FIN);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_end(&st);
}

static void the_fault_is_told(void **state)
{
	struct story st;

	(void)state;
	begin(&st, BACKOFF);
	handshake(&st, 0.1);
	fins(&st, GAPS(207, 208, 208));
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_step(&st, 1000, 0, STEP_FAILS);
	story_verdict(&st);
	if (!strstr(st.v.why,
	            "gaps of fin from server: backoff within 200 s: gap 3 is 208 ms, expected "
	            "400 ms to 484 ms; 198.18.0.1:40001 > 198.19.0.1:5000: 207 ms, 208 "
	            "ms, 208 ms"))
		fail_msg("%s", st.v.why);
	story_end(&st);
}

/* A timeline may say what it likes. */
static void nonsense_is_no_crash(void **state)
{
	struct story st;
	struct event e;

	(void)state;
	begin(&st, BACKOFF);
	for (unsigned i = 0; i < 80; i++) {
		e = segment(1e9 * i, i % 3 ? HOST_SERVER : HOST_CLIENT, ROLE_FIN, 0);
		e.segment.sent_ms = i * 0x12345679u;
		e.segment.seq = e.segment.ack = i * 0x23456781u;
		e.segment.again = i > 2;
		e.segment.fate = (enum segment_fate)(i % FATE_COUNT);
		e.segment.rule = (int)i - 1;
		story_tell(&st, e);
	}
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(absence_lasts_all_its_time),
	        cmocka_unit_test(order_lets_others_between),
	        cmocka_unit_test(order_is_of_each_connection),
	        cmocka_unit_test(order_says_how_far_it_came),
	        cmocka_unit_test(a_segment_is_counted_once),
	        cmocka_unit_test(given_gaps_are_the_first),
	        cmocka_unit_test(a_bare_gap_is_a_timer),
	        cmocka_unit_test(stamps_count_where_there_are_any),
	        cmocka_unit_test(stamps_run_over),
	        cmocka_unit_test(gaps_need_the_wire),
	        cmocka_unit_test(ladders_of_the_kernel_fit),
	        cmocka_unit_test(what_does_not_double_fails),
	        cmocka_unit_test(what_is_not_of_200_ms_fails),
	        cmocka_unit_test(the_round_trip_is_part_of_it),
	        cmocka_unit_test(sysctls_move_it),
	        cmocka_unit_test(a_probe_is_soon_when_more_is_under_way),
	        cmocka_unit_test(it_takes_one_that_is_sent_again),
	        cmocka_unit_test(the_fault_is_told),
	        cmocka_unit_test(nonsense_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
