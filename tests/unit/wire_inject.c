/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults that answer, put something in, or let nothing pass. */
#include "wire_bench.h"

#include <netinet/in.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(inject_continues_the_connection),
	        cmocka_unit_test(inject_back_and_later),
	        cmocka_unit_test(inject_data_and_fin_over_v6),
	        cmocka_unit_test(blackhole_ends_everything),
	        cmocka_unit_test(blackhole_for_a_while),
	        cmocka_unit_test(limit_queues_by_size),
	        cmocka_unit_test(icmp_goes_back),
	};

	return cmocka_run_group_tests_name("wire_inject", tests, NULL, NULL);
}
