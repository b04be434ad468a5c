/* SPDX-License-Identifier: BSD-2-Clause */
/* Which segments a rule of the wire hits, how often, and what holding and delaying do to order. */
#include "wire_bench.h"

/* ---- counts ---- */

static void drops_what_the_rule_says(void **state)
{
	struct wire_rule r = rule("drop", ROLE_FIN, HOST_CLIENT);
	struct bench b;

	(void)state;
	r.times = 2;
	bench_start(&b, &r, 1);
	handshake(&b, 0);
	assert_int_equal(drain(&b, HOST_SERVER), 2);
	for (int i = 0; i < 4; i++)
		fin(&b, 0);
	assert_int_equal(drain(&b, HOST_SERVER), 2);
	assert_int_equal(b.arrived.n, 7);
	assert_int_equal(b.arrived.v[4].segment.fate, FATE_DROPPED);
	assert_int_equal(b.arrived.v[4].segment.rule, 0);
	assert_int_equal(b.arrived.v[4].segment.ordinal, 2);
	assert_int_equal(b.arrived.v[5].segment.fate, FATE_PASSED);
	assert_int_equal(b.arrived.v[5].segment.ordinal, 3);
	assert_int_equal(b.delivered.n, 5);
	assert_int_equal(wire_stats(b.wire).dropped, 2);
	bench_end(&b);
}

static void from_and_role_must_both_fit(void **state)
{
	struct wire_rule r = rule("drop", ROLE_FIN, HOST_SERVER);
	struct bench b;

	(void)state;
	bench_start(&b, &r, 1);
	handshake(&b, 0);
	fin(&b, 0);
	put(&b, (struct shape){
	                .from = HOST_SERVER, .flags = SEG_FIN | A, .seq = 5001, .ack = 1002});
	assert_int_equal(wire_stats(b.wire).dropped, 1);
	assert_int_equal(b.arrived.v[4].segment.fate, FATE_DROPPED);
	bench_end(&b);
}

static void only_what_comes_again(void **state)
{
	struct wire_rule r = rule("drop", ROLE_DATA, -1);
	struct bench b;

	(void)state;
	r.select.again = 1;
	bench_start(&b, &r, 1);
	handshake(&b, 0);
	data(&b, 1001);
	data(&b, 1001);
	data(&b, 1011);
	assert_int_equal(wire_stats(b.wire).dropped, 1);
	assert_int_equal(b.arrived.v[4].segment.fate, FATE_DROPPED);
	bench_end(&b);
}

/* Two of each connection after the first, however the connections are interleaved. */
static void counts_for_each_connection(void **state)
{
	struct wire_rule r = rule("drop", ROLE_FIN, -1);
	struct bench b;

	(void)state;
	r.skip = 1;
	r.times = 2;
	bench_start(&b, &r, 1);
	for (uint16_t port = 1; port <= 50; port++)
		handshake(&b, port);
	drain(&b, HOST_SERVER);
	for (int i = 0; i < 5; i++)
		for (uint16_t port = 1; port <= 50; port++)
			fin(&b, port);
	assert_int_equal(wire_stats(b.wire).dropped, 100);
	array_each (struct event, e, &b.arrived)
		if (e->segment.role == ROLE_FIN)
			assert_int_equal(e->segment.fate == FATE_DROPPED,
			        e->segment.ordinal == 2 || e->segment.ordinal == 3);
	bench_end(&b);
}

static void a_reused_port_is_counted_anew(void **state)
{
	struct wire_rule r = rule("drop", ROLE_SYN, -1);
	struct bench b;

	(void)state;
	r.times = 1;
	bench_start(&b, &r, 1);
	for (uint32_t seq = 1000; seq < 4000; seq += 1000) {
		put(&b, (struct shape){.flags = SEG_SYN, .seq = seq});
		put(&b, (struct shape){.flags = SEG_SYN, .seq = seq});
	}
	assert_int_equal(wire_stats(b.wire).dropped, 3);
	assert_int_equal(drain(&b, HOST_SERVER), 3);
	bench_end(&b);
}

static void counts_in_total(void **state)
{
	struct wire_rule r = rule("drop", ROLE_SYN, -1);
	struct bench b;

	(void)state;
	r.skip = 3;
	r.times = 4;
	r.in_total = 1;
	bench_start(&b, &r, 1);
	for (uint16_t port = 1; port <= 20; port++)
		put(&b, (struct shape){.flags = SEG_SYN, .port = port});
	assert_int_equal(wire_stats(b.wire).dropped, 4);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(b.arrived.v[i].segment.fate == FATE_DROPPED, i >= 3 && i < 7);
	bench_end(&b);
}

/* The second rule does not count what the first has hit. */
static void first_rule_that_hits_acts(void **state)
{
	struct wire_rule r[] = {rule("drop", ROLE_FIN, -1), rule("duplicate", ROLE_FIN, -1)};
	struct bench b;

	(void)state;
	r[0].times = r[1].times = 1;
	bench_start(&b, r, 2);
	handshake(&b, 0);
	drain(&b, HOST_SERVER);
	for (int i = 0; i < 3; i++)
		fin(&b, 0);
	assert_int_equal(b.arrived.v[3].segment.rule, 0);
	assert_int_equal(b.arrived.v[4].segment.rule, 1);
	assert_int_equal(b.arrived.v[4].segment.fate, FATE_DUPLICATED);
	assert_int_equal(b.arrived.v[5].segment.rule, -1);
	assert_int_equal(drain(&b, HOST_SERVER), 3);
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

/* ---- time ---- */

static void held_until_released_in_order(void **state)
{
	struct wire_rule r = rule("hold", ROLE_DATA, HOST_CLIENT);
	struct segment s;
	struct bench b;

	(void)state;
	r.times = 3;
	bench_start(&b, &r, 1);
	handshake(&b, 0);
	drain(&b, HOST_SERVER);
	for (uint32_t seq = 1001; seq < 1051; seq += 10)
		data(&b, seq);
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(s.seq, 1031);
	assert_int_equal(drain(&b, HOST_SERVER), 1);
	assert_int_equal(wire_release(b.wire), 3);
	for (uint32_t seq = 1001; seq < 1031; seq += 10) {
		assert_true(got(&b, HOST_SERVER, &s));
		assert_int_equal(s.seq, seq);
	}
	assert_int_equal(wire_release(b.wire), 0);
	assert_int_equal(b.delivered.n, b.arrived.n);
	bench_end(&b);
}

static void delayed_is_overtaken_and_never_early(void **state)
{
	struct wire_rule r = rule("delay", ROLE_DATA, -1);
	uint64_t t;
	struct segment s;
	struct bench b;

	(void)state;
	r.delay_ns = 20 * NS_PER_MS;
	r.times = 2;
	bench_start(&b, &r, 1);
	handshake(&b, 0);
	drain(&b, HOST_SERVER);
	for (uint32_t seq = 1001; seq < 1031; seq += 10)
		data(&b, seq);
	assert_true(got(&b, HOST_SERVER, &s));
	assert_int_equal(s.seq, 1021);
	for (uint32_t seq = 1001; seq < 1021; seq += 10) {
		assert_true(wait_for(&b, HOST_SERVER, &s));
		assert_int_equal(s.seq, seq);
	}
	t = clock_now_ns();
	assert_true(t >= b.arrived.v[4].t_ns + r.delay_ns);
	assert_int_equal(b.arrived.v[3].segment.fate, FATE_DELAYED);
	bench_end(&b);
}

/* A shorter delay that comes later must move the timer forward. */
static void delays_of_two_rules_mix(void **state)
{
	struct wire_rule r[] = {rule("delay", ROLE_DATA, -1), rule("delay", ROLE_FIN, -1)};
	struct segment s;
	struct bench b;

	(void)state;
	r[0].delay_ns = 60 * NS_PER_MS;
	r[1].delay_ns = 1 * NS_PER_MS;
	bench_start(&b, r, 2);
	handshake(&b, 0);
	drain(&b, HOST_SERVER);
	data(&b, 1001);
	fin(&b, 0);
	assert_true(wait_for(&b, HOST_SERVER, &s));
	assert_int_equal(s.flags, SEG_FIN | A);
	assert_true(wait_for(&b, HOST_SERVER, &s));
	assert_int_equal(s.length, 10);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(drops_what_the_rule_says),
	        cmocka_unit_test(from_and_role_must_both_fit),
	        cmocka_unit_test(only_what_comes_again),
	        cmocka_unit_test(counts_for_each_connection),
	        cmocka_unit_test(a_reused_port_is_counted_anew),
	        cmocka_unit_test(counts_in_total),
	        cmocka_unit_test(first_rule_that_hits_acts),
	        cmocka_unit_test(rules_come_and_go),
	        cmocka_unit_test(held_until_released_in_order),
	        cmocka_unit_test(delayed_is_overtaken_and_never_early),
	        cmocka_unit_test(delays_of_two_rules_mix),
	};

	return cmocka_run_group_tests_name("wire_rules", tests, NULL, NULL);
}
