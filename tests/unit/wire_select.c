/* SPDX-License-Identifier: BSD-2-Clause */
/* Each selector of a rule, and chance that a seed repeats. */
#include "wire_bench.h"

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
	        cmocka_unit_test(selectors_select),
	        cmocka_unit_test(states_of_the_ends),
	        cmocka_unit_test(a_seed_repeats_chance),
	        cmocka_unit_test(jitter_is_within_bounds),
	};

	return cmocka_run_group_tests_name("wire_select", tests, NULL, NULL);
}
