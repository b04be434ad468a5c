/* SPDX-License-Identifier: BSD-2-Clause */
/* Each fault of the wire, each selector of a rule, and chance that a seed repeats. */
#include "wire_bench.h"

#include <netinet/in.h>

#define SEGMENTS(b) ((b)->arrived.v)

/* A wire with one rule, after a handshake, with nothing waiting at either host. */
static void ready(struct bench *b, const struct wire_rule *r, size_t n)
{
	bench_start(b, r, n);
	handshake(b, 0);
	drain(b, HOST_SERVER);
	drain(b, HOST_CLIENT);
}

static void server_sends(struct bench *b, unsigned flags, uint32_t seq, uint32_t ack)
{
	put(b, (struct shape){
	               .from = HOST_SERVER, .flags = flags, .seq = seq, .ack = ack, .window = 500});
}

static void duplicate_makes_copies(void **state)
{
	struct wire_rule r = rule("duplicate", ROLE_DATA, -1);
	struct bench b;

	(void)state;
	r.count = 3;
	ready(&b, &r, 1);
	data(&b, 1001);
	assert_int_equal(drain(&b, HOST_SERVER), 4);
	assert_int_equal(b.arrived.n, 4);
	assert_int_equal(b.delivered.n, 7);
	bench_end(&b);
}

static void reorder_lets_others_go_first(void **state)
{
	static const uint32_t order[] = {1021, 1031, 1001, 1011, 1041};
	struct wire_rule r = rule("reorder", ROLE_DATA, -1);
	struct segment s;
	struct bench b;

	(void)state;
	r.count = 2;
	r.times = 2;
	ready(&b, &r, 1);
	for (uint32_t seq = 1001; seq < 1051; seq += 10)
		data(&b, seq);
	for (size_t i = 0; i < 5; i++) {
		assert_true(got(&b, HOST_SERVER, &s));
		assert_int_equal(s.seq, order[i]);
	}
	assert_int_equal(SEGMENTS(&b)[3].segment.fate, FATE_REORDERED);
	bench_end(&b);
}

/* What overtakes is of the same connection and sender; and nothing waits for ever. */
static void reorder_goes_by_itself_in_the_end(void **state)
{
	struct wire_rule r = rule("reorder", ROLE_DATA, -1);
	struct segment s;
	struct bench b;

	(void)state;
	r.delay_ns = 10 * NS_PER_MS;
	ready(&b, &r, 1);
	data(&b, 1001);
	server_sends(&b, A, 5001, 1001);
	handshake(&b, 7);
	assert_int_equal(drain(&b, HOST_SERVER), 2);
	assert_true(wait_for(&b, HOST_SERVER, &s));
	assert_int_equal(s.seq, 1001);
	assert_true(clock_now_ns() >= SEGMENTS(&b)[3].t_ns + r.delay_ns);
	bench_end(&b);
}

static void corrupt_breaks_the_checksum_alone(void **state)
{
	struct wire_rule r = rule("corrupt", ROLE_DATA, -1);
	uint8_t packet[1 << 16];
	struct segment s;
	struct bench b;

	(void)state;
	ready(&b, &r, 1);
	data(&b, 1001);
	assert_int_equal(segment_parse(packet, get(&b, HOST_SERVER, packet), &s), 0);
	assert_false(segment_checksum_ok(&s));
	segment_checksum(&s);
	assert_int_equal(s.seq, 1001);
	assert_int_equal(s.payload[0], 'a' + 1001 % 26);
	bench_end(&b);
}

static void flip_changes_one_bit_of_payload(void **state)
{
	struct wire_rule r = rule("flip", -1, HOST_CLIENT);
	unsigned bits = 0;
	struct segment s;
	struct bench b;

	(void)state;
	ready(&b, &r, 1);
	assert_int_equal(SEGMENTS(&b)[2].segment.rule, -1); /* nothing to flip in an ACK */
	data(&b, 1001);
	assert_true(got(&b, HOST_SERVER, &s)); /* and its checksum fits */
	for (uint32_t i = 0; i < s.length; i++)
		bits += (unsigned)__builtin_popcount(s.payload[i] ^ ('a' + (1001 + i) % 26));
	assert_int_equal(bits, 1);
	bench_end(&b);
}

static void truncate_keeps_the_beginning(void **state)
{
	struct wire_rule r = rule("truncate", -1, HOST_CLIENT);
	struct segment s;
	struct bench b;

	(void)state;
	r.bytes = 4;
	ready(&b, &r, 1);
	for (int v6 = 0; v6 < 2; v6++) {
		put(&b, (struct shape){.flags = SEG_FIN | A,
		                .seq = 1001,
		                .ack = 5001,
		                .length = 10,
		                .v6 = v6});
		assert_true(got(&b, HOST_SERVER, &s));
		assert_int_equal(s.length, 4);
		assert_int_equal(s.flags, A);
		assert_int_equal(s.payload[3], 'a' + 1004 % 26);
	}
	bench_end(&b);
}

static void rewrite_sets_fields(void **state)
{
	struct wire_rule r = rule("rewrite", -1, -1);
	unsigned n;
	struct segment s;
	struct bench b;

	(void)state;
	r.set = (struct segment_change){.what = CHANGE_WINDOW | CHANGE_MSS | CHANGE_FLAGS,
	        .window = 77,
	        .mss = 536,
	        .flags = SEG_SYN | SEG_ECE};
	bench_start(&b, &r, 1);
	put(&b, (struct shape){.flags = SEG_SYN, .options = 8, .window = 500});
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(s.window, 77);
	assert_int_equal(s.flags, SEG_SYN | SEG_ECE);
	assert_int_equal(load16(segment_option(&s, 2, &n) + 2), 536);
	assert_int_equal(SEGMENTS(&b)[0].segment.window, 500); /* as it was sent */
	bench_end(&b);
}

/* What probes a window that a rule has closed is a window probe: the other end believes in it. */
static void a_rewritten_window_is_believed(void **state)
{
	struct wire_rule r = rule("rewrite", ROLE_ACK, HOST_SERVER);
	struct bench b;

	(void)state;
	r.set = (struct segment_change){.what = CHANGE_WINDOW};
	ready(&b, &r, 1);
	data(&b, 1001);
	server_sends(&b, A, 5001, 1011);
	put(&b, (struct shape){.flags = A, .seq = 1010, .ack = 5001, .window = 500});
	assert_int_equal(SEGMENTS(&b)[4].segment.fate, FATE_REWRITTEN);
	assert_int_equal(SEGMENTS(&b)[5].segment.role, ROLE_WINDOW_PROBE);
	bench_end(&b);
}

static void rewrite_timestamps(void **state)
{
	struct wire_rule r[] = {rule("rewrite", ROLE_SYN, -1), rule("rewrite", ROLE_DATA, -1)};
	uint8_t packet[PACKET_MAX];
	size_t size;
	unsigned n;
	struct segment s;
	struct bench b;

	(void)state;
	r[0].set = (struct segment_change){.what = CHANGE_TIMESTAMP, .timestamp = -1000};
	r[1].set = (struct segment_change){.what = CHANGE_NO_TIMESTAMP};
	bench_start(&b, r, 2);
	for (int i = 0; i < 2; i++) {
		size = packet_make(packet,
		        &(struct shape){
		                .flags = i ? A : SEG_SYN, .length = i ? 5u : 0, .options = 12});
		memcpy(packet + 40, "\1\1\10\12\0\0\20\0\0\0\0\7", 12);
		segment_parse(packet, size, &s);
		segment_checksum(&s);
		put_raw(&b, HOST_CLIENT, packet, size);
	}
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(load32(segment_option(&s, 8, &n) + 2), 0x1000 - 1000);
	assert_int_equal(load32(segment_option(&s, 8, &n) + 6), 7);
	assert_true(got(&b, HOST_SERVER, &s));
	assert_null(segment_option(&s, 8, &n));
	assert_int_equal(s.length, 5);
	bench_end(&b);
}

static void inject_continues_the_connection(void **state)
{
	struct wire_rule r = rule("inject", ROLE_DATA, HOST_CLIENT);
	struct segment s;
	struct bench b;

	(void)state;
	r.inject = ROLE_RST;
	r.offset = 100;
	ready(&b, &r, 1);
	data(&b, 1001);
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(s.length, 10);
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(s.flags, SEG_RST | A);
	assert_int_equal(s.seq, 1011 + 100);
	assert_int_equal(s.ack, 5001);
	assert_int_equal(b.arrived.n, 5);
	assert_int_equal(SEGMENTS(&b)[3].segment.fate, FATE_PASSED);
	assert_int_equal(SEGMENTS(&b)[3].segment.rule, 0);
	assert_int_equal(SEGMENTS(&b)[4].segment.fate, FATE_INJECTED);
	assert_int_equal(SEGMENTS(&b)[4].segment.role, ROLE_RST);
	assert_int_equal(SEGMENTS(&b)[4].host, HOST_CLIENT);
	server_sends(&b, A, 5001, 1011); /* the reset was off the mark */
	assert_int_equal(SEGMENTS(&b)[5].segment.role, ROLE_CHALLENGE_ACK);
	bench_end(&b);
}

static void inject_back_and_later(void **state)
{
	struct wire_rule r = rule("inject", ROLE_HANDSHAKE_ACK, -1);
	struct segment s;
	struct bench b;

	(void)state;
	r.inject = ROLE_SYN;
	r.back = 1;
	r.delay_ns = 5 * NS_PER_MS;
	ready(&b, &r, 1);
	assert_false(got(&b, HOST_CLIENT, &s));
	assert_true(wait_for(&b, HOST_CLIENT, &s));
	assert_int_equal(s.flags, SEG_SYN);
	assert_int_equal(s.seq, 5000); /* the SYN of the server, once more */
	assert_int_equal(s.from.port, 80);
	assert_int_equal(b.arrived.v[b.arrived.n - 1].host, HOST_SERVER);
	bench_end(&b);
}

static void inject_data_and_fin_over_v6(void **state)
{
	struct wire_rule r[] = {rule("inject", ROLE_SYN, -1), rule("inject", ROLE_SYN, -1)};
	struct segment s;
	struct bench b;

	(void)state;
	r[0].inject = ROLE_DATA;
	r[0].bytes = 33;
	r[0].times = 1;
	r[1].inject = ROLE_FIN;
	bench_start(&b, r, 2);
	for (int i = 0; i < 2; i++)
		put(&b, (struct shape){.flags = SEG_SYN, .seq = 1000, .v6 = 1});
	assert_true(got(&b, HOST_SERVER, &s) && got(&b, HOST_SERVER, &s));
	assert_int_equal(s.length, 33);
	assert_int_equal(s.seq, 1001);
	assert_true(got(&b, HOST_SERVER, &s) && got(&b, HOST_SERVER, &s));
	assert_int_equal(s.flags, SEG_FIN | A);
	assert_int_equal(s.seq, 1001); /* what was put in moves nothing */
	bench_end(&b);
}

static void blackhole_ends_everything(void **state)
{
	struct wire_rule r = rule("blackhole", ROLE_FIN, HOST_CLIENT);
	struct bench b;

	(void)state;
	ready(&b, &r, 1);
	fin(&b, 0);
	server_sends(&b, A, 5001, 1002);
	handshake(&b, 9);
	assert_int_equal(drain(&b, HOST_SERVER) + drain(&b, HOST_CLIENT), 0);
	assert_int_equal(wire_stats(b.wire).dropped, 5);
	for (size_t i = 3; i < 8; i++)
		assert_int_equal(SEGMENTS(&b)[i].segment.rule, 0);
	wire_rule_set(b.wire, 0, 0);
	fin(&b, 0);
	assert_int_equal(drain(&b, HOST_SERVER), 1);
	bench_end(&b);
}

static void blackhole_for_a_while(void **state)
{
	struct wire_rule r = rule("blackhole", ROLE_FIN, -1);
	uint64_t end;
	struct bench b;

	(void)state;
	r.delay_ns = 10 * NS_PER_MS;
	r.times = 1;
	ready(&b, &r, 1);
	fin(&b, 0);
	assert_int_equal(drain(&b, HOST_SERVER), 0);
	end = SEGMENTS(&b)[3].t_ns + r.delay_ns;
	while (!drain(&b, HOST_SERVER)) {
		event_base_loop(b.base, EVLOOP_NONBLOCK);
		fin(&b, 0);
		assert_true(clock_now_ns() < end + 2 * NS_PER_S);
	}
	assert_true(clock_now_ns() >= end);
	bench_end(&b);
}

static void limit_queues_by_size(void **state)
{
	struct wire_rule r = rule("limit", -1, -1);
	uint64_t t;
	struct segment s;
	struct bench b;

	(void)state;
	r.rate = 400000; /* a segment of 50 bytes takes a millisecond */
	r.select.role = ROLE_DATA;
	ready(&b, &r, 1);
	for (uint32_t seq = 1001; seq < 1101; seq += 10)
		data(&b, seq);
	t = SEGMENTS(&b)[3].t_ns;
	for (uint32_t i = 0; i < 10; i++) {
		assert_true(wait_for(&b, HOST_SERVER, &s));
		assert_int_equal(s.seq, 1001 + 10 * i);
		assert_true(clock_now_ns() >= t + (i + 1) * NS_PER_MS);
	}
	bench_end(&b);
}

static void icmp_goes_back(void **state)
{
	struct wire_rule r[] = {rule("unreachable", ROLE_SYN, -1), rule("too_big", ROLE_SYN, -1)};
	uint8_t sent[PACKET_MAX], packet[1 << 16];
	struct bench b;
	size_t n, size;

	(void)state;
	r[0].times = 1;
	r[1].bytes = 1300;
	bench_start(&b, r, 2);
	for (unsigned i = 0; i < 4; i++) {
		int v6 = i >= 2, big = i & 1;
		size_t ip = v6 ? 40 : 20;

		size = packet_make(sent, &(struct shape){.flags = SEG_SYN, .v6 = v6, .options = 4});
		put_raw(&b, HOST_CLIENT, sent, size);
		n = get(&b, HOST_CLIENT, packet);
		assert_int_equal(n, ip + 8 + size);
		assert_int_equal(packet[v6 ? 6 : 9], v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		assert_int_equal(packet[ip], v6 ? (big ? 2 : 1) : 3);
		assert_int_equal(packet[ip + 1], v6 ? (big ? 0 : 4) : big ? 4 : 3);
		assert_int_equal(load16(packet + ip + 6), big ? 1300 : 0);
		assert_memory_equal(packet + ip + 8, sent, size);
	}
	assert_int_equal(drain(&b, HOST_SERVER), 0);
	assert_int_equal(wire_stats(b.wire).dropped, 4);
	bench_end(&b);
}

static void rules_come_and_go(void **state)
{
	struct wire_rule r = rule("drop", ROLE_DATA, -1);
	struct bench b;

	(void)state;
	r.off = 1;
	ready(&b, &r, 1);
	data(&b, 1001);
	wire_rule_set(b.wire, 0, 1);
	data(&b, 1011);
	wire_rule_set(b.wire, 0, 0);
	data(&b, 1021);
	assert_int_equal(wire_stats(b.wire).dropped, 1);
	assert_int_equal(SEGMENTS(&b)[4].segment.fate, FATE_DROPPED);
	bench_end(&b);
}

/* ---- selectors ---- */

/* Five segments of data, a FIN, and which of them the rule drops: bits in this order. */
static unsigned dropped_by(struct wire_rule r)
{
	unsigned bits = 0;
	struct bench b;

	r.action = "drop";
	ready(&b, &r, 1);
	for (uint32_t i = 0; i < 5; i++)
		put(&b, (struct shape){.flags = i == 4 ? A | SEG_PSH : A,
		                .seq = 1001 + 10 * i,
		                .ack = 5001,
		                .length = 10 + i,
		                .window = 500});
	fin(&b, 0);
	for (size_t i = 3; i < 9; i++)
		bits |= (SEGMENTS(&b)[i].segment.fate == FATE_DROPPED) << (i - 3);
	bench_end(&b);
	return bits;
}

static struct bounds from_to(int64_t lo, int64_t hi)
{
	return (struct bounds){1, lo, hi};
}

static void selectors_select(void **state)
{
	struct wire_rule any = rule("drop", ROLE_DATA, HOST_CLIENT), r;

	(void)state;
	assert_int_equal(dropped_by(any), 0x1f);
	r = any, r.select.ordinal = from_to(2, 3);
	assert_int_equal(dropped_by(r), 0x06);
	r = any, r.select.length = from_to(12, 12);
	assert_int_equal(dropped_by(r), 0x04);
	r = any, r.select.seq = from_to(1, 11);
	assert_int_equal(dropped_by(r), 0x03);
	r = any, r.select.flags_on = SEG_PSH;
	assert_int_equal(dropped_by(r), 0x10);
	r = any, r.select.flags_off = SEG_PSH;
	assert_int_equal(dropped_by(r), 0x0f);
	r = any, r.select.connection = 2;
	assert_int_equal(dropped_by(r), 0);
	r = any, r.select.connection = 1;
	assert_int_equal(dropped_by(r), 0x1f);
	r = any, r.select.port = 80;
	assert_int_equal(dropped_by(r), 0x1f);
	r = any, r.select.port = 40001;
	assert_int_equal(dropped_by(r), 0);
	r = any, r.select.age_ns = from_to((int64_t)NS_PER_S, INT64_MAX);
	assert_int_equal(dropped_by(r), 0);
	r = any, r.select.time_ns = from_to(0, (int64_t)(10 * NS_PER_S));
	assert_int_equal(dropped_by(r), 0x1f);
	r = any, r.every = 2;
	assert_int_equal(dropped_by(r), 0x15);
	r = any, r.every = 2, r.skip = 1, r.times = 1;
	assert_int_equal(dropped_by(r), 0x02);
}

/* The whole life of a connection; a rule for a state of either end hits where it should. */
static enum segment_role first_in_state(enum host h, enum tcp_state st)
{
	struct wire_rule r = rule("duplicate", -1, -1); /* marks it and lets it pass */
	enum segment_role role = ROLE_COUNT;
	struct bench b;

	r.select.state[h] = st;
	r.times = 1;
	ready(&b, &r, 1);
	data(&b, 1001);
	put(&b, (struct shape){.flags = SEG_FIN | A, .seq = 1011, .ack = 5001, .window = 500});
	server_sends(&b, A, 5001, 1012);
	server_sends(&b, SEG_FIN | A, 5001, 1012);
	put(&b, (struct shape){.flags = A, .seq = 1012, .ack = 5002, .window = 500});
	server_sends(&b, SEG_RST, 5002, 0);
	array_each (struct event, e, &b.arrived)
		if (e->segment.rule >= 0 && role == ROLE_COUNT)
			role = e->segment.role;
	bench_end(&b);
	return role;
}

static void states_of_the_ends(void **state)
{
	(void)state;
	assert_int_equal(first_in_state(HOST_CLIENT, ST_SYN_SENT), ROLE_SYN);
	assert_int_equal(first_in_state(HOST_SERVER, ST_SYN_RECV), ROLE_SYN_ACK);
	assert_int_equal(first_in_state(HOST_CLIENT, ST_ESTABLISHED), ROLE_HANDSHAKE_ACK);
	assert_int_equal(first_in_state(HOST_SERVER, ST_ESTABLISHED), ROLE_DATA);
	assert_int_equal(first_in_state(HOST_CLIENT, ST_FIN_WAIT_1), ROLE_FIN);
	assert_int_equal(first_in_state(HOST_SERVER, ST_CLOSE_WAIT), ROLE_ACK_OF_FIN);
	assert_int_equal(first_in_state(HOST_CLIENT, ST_FIN_WAIT_2), ROLE_FIN);
	assert_int_equal(first_in_state(HOST_SERVER, ST_LAST_ACK), ROLE_FIN);
	assert_int_equal(first_in_state(HOST_CLIENT, ST_TIME_WAIT), ROLE_LAST_ACK);
	assert_int_equal(first_in_state(HOST_SERVER, ST_CLOSE), ROLE_RST);
	assert_int_equal(first_in_state(HOST_CLIENT, ST_CLOSING), ROLE_COUNT);
}

/* ---- chance ---- */

#define TRIES 4000

/* One bit for each of many segments of two connections: was it dropped? */
static unsigned chance(uint64_t seed, int interleaved, uint8_t *bits)
{
	struct wire_rule r = rule("drop", ROLE_SYN, -1);
	unsigned n;
	struct bench b;

	r.probability = 0.25;
	bench_start_seeded(&b, &r, 1, seed);
	for (unsigned i = 0; i < 2; i++) /* connections 1 and 2, in this order */
		put(&b, (struct shape){.flags = SEG_SYN, .port = (uint16_t)(1 + i)});
	for (unsigned i = 0; i < TRIES; i++) {
		unsigned port = interleaved ? i % 2 : i / (TRIES / 2);

		put(&b, (struct shape){.flags = SEG_SYN, .port = (uint16_t)(1 + port)});
		drain(&b, HOST_SERVER);
	}
	array_each (struct event, e, &b.arrived)
		bits[(e->segment.connection - 1) * TRIES + e->segment.ordinal - 1] =
		        e->segment.fate == FATE_DROPPED;
	n = (unsigned)wire_stats(b.wire).dropped;
	bench_end(&b);
	return n;
}

static void a_seed_repeats_chance(void **state)
{
	static uint8_t first[2 * TRIES], second[2 * TRIES];
	unsigned n = chance(7, 0, first);

	(void)state;
	assert_in_range(n, TRIES / 4 - 120, TRIES / 4 + 120); /* over four standard deviations */
	assert_int_equal(chance(7, 1, second), n); /* however the connections are interleaved */
	assert_memory_equal(first, second, sizeof first);
	chance(8, 0, second);
	assert_memory_not_equal(first, second, sizeof first);
}

static void jitter_is_within_bounds(void **state)
{
	struct wire_rule r = rule("delay", ROLE_DATA, -1);
	uint64_t least = UINT64_MAX, most = 0;
	struct segment s;
	struct bench b;

	(void)state;
	r.delay_ns = NS_PER_MS;
	r.jitter_ns = 20 * NS_PER_MS;
	ready(&b, &r, 1);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t took;

		data(&b, 1001 + 10 * i);
		assert_true(wait_for(&b, HOST_SERVER, &s));
		took = clock_now_ns() - SEGMENTS(&b)[3 + i].t_ns;
		assert_true(took >= r.delay_ns);
		least = took < least ? took : least;
		most = took > most ? took : most;
	}
	assert_true(most - least > 5 * NS_PER_MS);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(duplicate_makes_copies),
	        cmocka_unit_test(reorder_lets_others_go_first),
	        cmocka_unit_test(reorder_goes_by_itself_in_the_end),
	        cmocka_unit_test(corrupt_breaks_the_checksum_alone),
	        cmocka_unit_test(flip_changes_one_bit_of_payload),
	        cmocka_unit_test(truncate_keeps_the_beginning),
	        cmocka_unit_test(rewrite_sets_fields),
	        cmocka_unit_test(a_rewritten_window_is_believed),
	        cmocka_unit_test(rewrite_timestamps),
	        cmocka_unit_test(inject_continues_the_connection),
	        cmocka_unit_test(inject_back_and_later),
	        cmocka_unit_test(inject_data_and_fin_over_v6),
	        cmocka_unit_test(blackhole_ends_everything),
	        cmocka_unit_test(blackhole_for_a_while),
	        cmocka_unit_test(limit_queues_by_size),
	        cmocka_unit_test(icmp_goes_back),
	        cmocka_unit_test(rules_come_and_go),
	        cmocka_unit_test(selectors_select),
	        cmocka_unit_test(states_of_the_ends),
	        cmocka_unit_test(a_seed_repeats_chance),
	        cmocka_unit_test(jitter_is_within_bounds),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
