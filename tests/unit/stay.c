/* SPDX-License-Identifier: BSD-2-Clause */
/* Stays that a FIN and its acknowledgement end: so many retransmissions, or until it is given up.
 */
#include "story.h"

#define STEP(sysctls, stay)                                                                        \
	HEAD "link: wire\nserver: {sysctl: {" sysctls "}}\nsteps:\n"                               \
	     "- expect: {server: {path: [CLOSE_WAIT, {LAST_ACK: " stay "}, CLOSE]}}\n"
#define RETRIES(n) "net.ipv4.tcp_orphan_retries: " n
#define CLOSED_MS  100

static struct event segment(double ms, int from, enum segment_role role)
{
	struct event e = about(ms, EV_SEGMENT, SRC_WIRE, from, 1);

	e.segment = (struct ev_segment){.number = 1,
	        .connection = 1,
	        .role = role,
	        .flags = role == ROLE_FIN       ? SEG_FIN | SEG_ACK
	                 : role == ROLE_SYN     ? SEG_SYN
	                 : role == ROLE_SYN_ACK ? SEG_SYN | SEG_ACK
	                                        : SEG_ACK,
	        .seq = role == ROLE_SYN || role == ROLE_SYN_ACK ? 100 : 101,
	        .ack = 101,
	        .rule = -1};
	return e;
}

/* Until the server closes, at CLOSED_MS, and its FIN has not come to the wire yet. */
static void begin(struct story *st, const char *yaml, double round_trip)
{
	story_begin(st, yaml);
	st->t.head.observers |= 1u << SRC_WIRE;
	story_step(st, 0, 0, STEP_BEGIN);
	story_tell(st, segment(0, HOST_CLIENT, ROLE_SYN));
	story_tell(st, segment(0.1, HOST_SERVER, ROLE_SYN_ACK));
	story_tell(st, segment(0.1 + round_trip, HOST_CLIENT, ROLE_HANDSHAKE_ACK));
	story_state(st, 90, 90, HOST_SERVER, 1, ST_ESTABLISHED, ST_CLOSE_WAIT);
	story_state(st, CLOSED_MS, CLOSED_MS, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
}

/* The server's FIN is lost, and it is closed `stay` ms later (0: not yet). */
static struct ruling ruled(const char *yaml, double round_trip, int fin, double stay, double now)
{
	struct story st;
	struct event e;
	struct ruling r;

	begin(&st, yaml, round_trip);
	e = segment(CLOSED_MS, HOST_SERVER, ROLE_FIN);
	e.segment.fate = FATE_DROPPED;
	if (fin)
		story_tell(&st, e);
	if (stay > 0)
		story_state(&st, CLOSED_MS + stay, CLOSED_MS + stay, HOST_SERVER, 1, ST_LAST_ACK,
		        ST_CLOSE);
	story_sample(&st, CLOSED_MS + now);
	r = judge_rule(st.j);
	story_end(&st);
	return r;
}

static enum answer_kind stayed(const char *yaml, double ms)
{
	return ruled(yaml, 0.1, 1, ms, ms).kind;
}

/* As measured on 6.18 with HZ=250. */
static void so_many_retransmissions(void **state)
{
	(void)state;
	assert_int_equal(stayed(STEP("", "1 retransmission"), 216), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP("", "3 retransmissions"), 851), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP("", "3 retransmissions"), 1450), ANSWER_HOLDS); /* no probe */
	assert_int_equal(stayed(STEP("", "1 retransmission"), 199), ANSWER_FAILS);
	assert_int_equal(stayed(STEP("", "1 retransmission"), 300), ANSWER_FAILS);
	assert_int_equal(stayed(STEP("", "1 retransmission"), 851), ANSWER_FAILS);
	assert_int_equal(stayed(STEP("", "3 retransmissions"), 790), ANSWER_FAILS);
	assert_int_equal(stayed(STEP("", "3 retransmissions"), 3300), ANSWER_FAILS);
}

/* Without a probe three of them take 1.4 s and no less. */
static void without_a_probe(void **state)
{
	static const char three[] = STEP("net.ipv4.tcp_early_retrans: 0", "3 retransmissions");

	(void)state;
	assert_int_equal(stayed(three, 851), ANSWER_FAILS);
	assert_int_equal(stayed(three, 1450), ANSWER_HOLDS);
}

/* A timeout that was measured on a slow path is longer. */
static void the_round_trip_counts(void **state)
{
	static const char one[] = STEP("", "1 retransmission");

	(void)state;
	assert_int_equal(ruled(one, 150, 1, 700, 700).kind, ANSWER_HOLDS);
	assert_int_equal(ruled(one, 0.1, 1, 700, 700).kind, ANSWER_FAILS);
	assert_int_equal(ruled(one, 150, 1, 190, 190).kind, ANSWER_FAILS);
}

/* tcp_orphan_retries, and when the socket died: measured on 6.18 with HZ=250. */
static void given_up_as_the_kernel_does(void **state)
{
	(void)state;
	assert_int_equal(stayed(STEP(RETRIES("0"), "given up"), 107400), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP("", "given up"), 107400), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("1"), "given up"), 1700), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("2"), "given up"), 3400), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("3"), "given up"), 3500), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("3"), "given up"), 6800), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("4"), "given up"), 7100), ANSWER_HOLDS);
	assert_int_equal(stayed(STEP(RETRIES("5"), "given up"), 13600), ANSWER_HOLDS);
}

static void given_up_too_soon_or_too_late(void **state)
{
	(void)state;
	assert_int_equal(stayed(STEP("", "given up"), 54200), ANSWER_FAILS);
	assert_int_equal(stayed(STEP("", "given up"), 130000), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("1"), "given up"), 850), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("1"), "given up"), 3300), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("2"), "given up"), 1700), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("2"), "given up"), 6800), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("3"), "given up"), 1700), ANSWER_FAILS);
}

/* tcp_rto_max_ms bounds the budget too, and with the default of retries it is the end by itself. */
static void given_up_at_the_longest_timeout(void **state)
{
	static const char soon[] = STEP("net.ipv4.tcp_rto_max_ms: 1000", "given up");
	static const char three[] =
	        STEP(RETRIES("3") ", net.ipv4.tcp_rto_max_ms: 1000", "given up");

	(void)state;
	assert_int_equal(stayed(soon, 2600), ANSWER_HOLDS);
	assert_int_equal(stayed(soon, 107400), ANSWER_FAILS);
	assert_int_equal(stayed(soon, 900), ANSWER_FAILS);
	/* 1.4 s and a timeout of 1 s: 2.4 s after the first one */
	assert_int_equal(stayed(three, 3800), ANSWER_HOLDS);
	assert_int_equal(stayed(three, 6800), ANSWER_FAILS);
}

/* A minimum above the initial timeout. */
static void a_long_minimum(void **state)
{
	static const char yaml[] = STEP("net.ipv4.tcp_rto_min_us: 2000000", "1 retransmission");

	(void)state;
	assert_int_equal(stayed(yaml, 2060), ANSWER_HOLDS);
	assert_int_equal(stayed(yaml, 1900), ANSWER_FAILS);
	assert_int_equal(ruled(yaml, 0.1, 1, 0, 1900).kind, ANSWER_UNDECIDED);
}

/* More than 9 of them are worth RTO_MAX each, and 255 take hours. */
static void absurd_retries_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(stayed(STEP(RETRIES("255"), "given up"), 107400), ANSWER_FAILS);
	assert_int_equal(stayed(STEP(RETRIES("255"), "given up"), 29850e3), ANSWER_HOLDS);
}

static void undecided_while_nothing_contradicts(void **state)
{
	struct ruling r = ruled(STEP("", "given up"), 0.1, 1, 0, 50000);

	(void)state;
	assert_int_equal(r.kind, ANSWER_UNDECIDED);
	assert_true(r.until_ns > at_ms(110e3)); /* the step waits long enough by itself */
	assert_int_equal(ruled(STEP("", "given up"), 0.1, 1, 0, 130e3).kind, ANSWER_FAILS);
	assert_int_equal(
	        ruled(STEP("", "1 retransmission"), 0.1, 0, 216, 216).kind, ANSWER_UNDECIDED);
}

static void tell_fin(struct story *st, double sent_ms, double ms, int again)
{
	struct event e = segment(ms, HOST_SERVER, ROLE_FIN);

	e.segment.again = again;
	e.segment.has_sent = 1;
	e.segment.sent_ms = (uint32_t)(int32_t)sent_ms - 50; /* stamps begin anywhere */
	story_tell(st, e);
}

/* The FIN is sent again after 208 ms, comes to the wire `queued` ms later, and is heard `late` ms
 * after that. */
static enum answer_kind heard(const char *stay, double queued, double late)
{
	struct story st;
	struct event ack = segment(308 + queued + 0.1, HOST_CLIENT, ROLE_LAST_ACK);
	double closed = 308 + queued + late;
	enum answer_kind kind;

	ack.segment.seq = ack.segment.ack = 102;
	begin(&st, stay, 0.1);
	tell_fin(&st, 100, 100, 0);
	story_tick(&st, 308 + queued);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	tell_fin(&st, 308, 308 + queued, 1);
	story_tell(&st, ack);
	story_tick(&st, closed);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_state(&st, closed, closed, HOST_SERVER, 1, ST_LAST_ACK, ST_CLOSE);
	kind = judge_rule(st.j).kind;
	story_end(&st);
	return kind;
}

/* Queues before and behind the wire make a stay longer, and not the timer. */
static void queues_are_no_timeouts(void **state)
{
	(void)state;
	assert_int_equal(heard(STEP("", "1 retransmission"), 0.1, 0.2), ANSWER_HOLDS);
	assert_int_equal(heard(STEP("", "1 retransmission"), 90, 0.2), ANSWER_HOLDS);
	assert_int_equal(heard(STEP("", "1 retransmission"), 0.1, 600), ANSWER_HOLDS);
	assert_int_equal(heard(STEP("", "2 retransmissions"), 0.1, 0.2), ANSWER_FAILS);
}

/* Three times, and heard at once: that is not two, whoever looks when. */
static void one_more_is_not_the_same(void **state)
{
	static const double sent[] = {100, 308, 520, 940};
	struct story st;
	struct event ack = segment(940.2, HOST_CLIENT, ROLE_LAST_ACK);

	(void)state;
	ack.segment.seq = ack.segment.ack = 102;
	begin(&st, STEP("", "2 retransmissions"), 0.1);
	for (int i = 0; i < 4; i++)
		tell_fin(&st, sent[i], sent[i] + 0.1, i > 0);
	story_tell(&st, ack);
	story_state(&st, 940.3, 940.3, HOST_SERVER, 1, ST_LAST_ACK, ST_CLOSE);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

/* Over veth the times of one to three retransmissions are alike; the kernel tells. */
static void the_kernel_counts(void **state)
{
	(void)state;
	for (int again = 1; again <= 3; again++) {
		struct story st;

		story_begin(&st, HEAD "link: veth\nsteps:\n- expect: {server: {path: [CLOSE_WAIT, "
		                      "{LAST_ACK: 2 retransmissions}, CLOSE]}}\n");
		st.t.head.observers |= 1u << SRC_BPF;
		story_step(&st, 0, 0, STEP_BEGIN);
		story_state(&st, 90, 90, HOST_SERVER, 1, ST_ESTABLISHED, ST_CLOSE_WAIT);
		story_state(&st, 100, 100, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
		for (int i = 0; i < again; i++) {
			struct event e = about(308 + 200 * i, EV_KERNEL, SRC_BPF, HOST_SERVER, 1);

			e.kernel.deed = KERNEL_RETRANSMIT;
			e.kernel.state = ST_LAST_ACK;
			e.kernel.flags = SEG_FIN | SEG_ACK;
			story_tell(&st, e);
		}
		story_state(&st, 900, 900, HOST_SERVER, 1, ST_LAST_ACK, ST_CLOSE);
		assert_int_equal(judge_rule(st.j).kind, again == 2 ? ANSWER_HOLDS : ANSWER_FAILS);
		story_end(&st);
	}
}

/* Over veth no segment is seen: the timeout may be up to the initial one. */
static void without_segments(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st,
	        HEAD "link: veth\nsteps:\n- expect: {server: {path: [CLOSE_WAIT, {LAST_ACK: 1 "
	             "retransmission}, CLOSE]}}\n");
	st.t.head.observers |= 1u << SRC_BPF;
	story_step(&st, 0, 0, STEP_BEGIN);
	story_state(&st, 90, 90, HOST_SERVER, 1, ST_ESTABLISHED, ST_CLOSE_WAIT);
	story_state(&st, 100, 100, HOST_SERVER, 1, ST_CLOSE_WAIT, ST_LAST_ACK);
	story_tick(&st, 299);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_UNDECIDED);
	story_state(&st, 310, 310, HOST_SERVER, 1, ST_LAST_ACK, ST_CLOSE);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_HOLDS);
	story_state(&st, 400, 400, HOST_SERVER, 2, ST_CLOSE_WAIT, ST_LAST_ACK);
	story_state(&st, 590, 590, HOST_SERVER, 2, ST_LAST_ACK, ST_CLOSE);
	assert_int_equal(judge_rule(st.j).kind, ANSWER_FAILS);
	story_end(&st);
}

/* Who guards the run against a stuck lab must not end it before its time. */
static void the_steps_may_take_as_long(void **state)
{
	struct story st;

	(void)state;
	story_begin(&st, STEP("", "given up"));
	assert_true(judge_longest_ns(st.s, 250) > 110 * NS_PER_S);
	story_end(&st);
	story_begin(&st, STEP("", "60s"));
	assert_true(judge_longest_ns(st.s, 250) > 62 * NS_PER_S);
	assert_true(judge_longest_ns(st.s, 250) < 70 * NS_PER_S);
	story_end(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(so_many_retransmissions),
	        cmocka_unit_test(without_a_probe),
	        cmocka_unit_test(the_round_trip_counts),
	        cmocka_unit_test(given_up_as_the_kernel_does),
	        cmocka_unit_test(given_up_too_soon_or_too_late),
	        cmocka_unit_test(given_up_at_the_longest_timeout),
	        cmocka_unit_test(a_long_minimum),
	        cmocka_unit_test(absurd_retries_are_bounded),
	        cmocka_unit_test(undecided_while_nothing_contradicts),
	        cmocka_unit_test(queues_are_no_timeouts),
	        cmocka_unit_test(one_more_is_not_the_same),
	        cmocka_unit_test(the_kernel_counts),
	        cmocka_unit_test(without_segments),
	        cmocka_unit_test(the_steps_may_take_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
