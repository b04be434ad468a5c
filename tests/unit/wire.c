/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire between two sockets that keep packet boundaries: what goes in, what comes out. */
#include "wire_bench.h"

#include <fcntl.h>

static void passes_everything_untouched(void **state)
{
	uint8_t in[PACKET_MAX], out[1 << 16];
	struct bench b;

	(void)state;
	bench_start(&b, NULL, 0);
	for (int v6 = 0; v6 < 2; v6++) {
		for (uint32_t length = 0; length < 1400; length += 233) {
			struct shape s = {.from = HOST_SERVER,
			        .flags = A,
			        .length = length,
			        .v6 = v6,
			        .options = length % 11 * 4,
			        .extension = v6 ? 16 : 0};
			size_t size = packet_make(in, &s);

			put_raw(&b, HOST_SERVER, in, size);
			assert_int_equal(get(&b, HOST_CLIENT, out), size);
			assert_memory_equal(in, out, size);
			assert_int_equal(b.arrived.v[b.arrived.n - 1].segment.length, length);
		}
	}
	assert_int_equal(b.arrived.n, b.delivered.n);
	assert_int_equal(wire_stats(b.wire).segments, b.arrived.n);
	assert_int_equal(wire_stats(b.wire).not_tcp, 0);
	assert_int_equal(b.troubles, 0);
	bench_end(&b);
}

static void event_is_complete(void **state)
{
	char text[TUPLE_TEXT];
	const struct event *e;
	struct bench b;

	(void)state;
	bench_start(&b, NULL, 0);
	handshake(&b, 0);
	e = &b.arrived.v[1];
	assert_int_equal(e->kind, EV_SEGMENT);
	assert_int_equal(e->source, SRC_WIRE);
	assert_int_equal(e->host, HOST_SERVER);
	assert_string_equal(
	        tuple_format(&e->tuple, text, sizeof text), "198.18.0.2:80 > 198.18.0.1:40000");
	assert_int_equal(e->segment.number, 2);
	assert_int_equal(e->segment.connection, 1);
	assert_int_equal(e->segment.role, ROLE_SYN_ACK);
	assert_int_equal(e->segment.flags, SEG_SYN | SEG_ACK);
	assert_int_equal(e->segment.rule, -1);
	assert_int_equal(e->segment.fate, FATE_PASSED);
	assert_true(e->t_ns <= clock_now_ns() && e->t_ns + NS_PER_S > clock_now_ns());
	assert_memory_equal(e, &b.delivered.v[1], sizeof *e);
	bench_end(&b);
}

/* Whatever is no whole TCP segment passes as it is, and no rule sees it. */
static void garbage_passes(void **state)
{
	struct wire_rule r = rule("drop", -1, -1);
	uint8_t packet[PACKET_MAX], out[1 << 16];
	uint32_t random = 1;
	struct bench b;

	(void)state;
	bench_start(&b, &r, 1);
	for (int i = 0; i < 20000; i++) {
		struct shape shape = {.from = HOST_SERVER,
		        .flags = A,
		        .length = 20,
		        .options = 12,
		        .v6 = i & 1,
		        .extension = i & 2 ? 16 : 0};
		size_t size = packet_make(packet, &shape);
		struct segment s;

		for (int k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			packet[(random >> 8) % size] = (uint8_t)(random >> 24);
		}
		size = (random >> 4) % size + 1;
		if (!segment_parse(packet, size, &s))
			continue;
		put_raw(&b, HOST_SERVER, packet, size);
		assert_int_equal(get(&b, HOST_CLIENT, out), size);
		assert_memory_equal(out, packet, size);
	}
	assert_int_equal(b.arrived.n, 0);
	assert_true(wire_stats(b.wire).not_tcp > 10000);
	assert_int_equal(wire_stats(b.wire).segments, 0);
	bench_end(&b);
}

static void fragments_and_other_protocols(void **state)
{
	uint8_t packet[PACKET_MAX];
	struct shape shape = {.flags = A, .length = 30};
	struct shape shape6 = {.flags = A, .length = 30, .v6 = 1, .extension = 8};
	size_t size = packet_make(packet, &shape), size6;
	struct segment s;

	(void)state;
	assert_int_equal(segment_parse(packet, size, &s), 0);
	assert_int_equal(segment_parse(packet, size + 6, &s), 0); /* padded by Ethernet */
	assert_int_equal(s.size, size);
	assert_int_equal(s.length, 30);
	packet[6] = 0x20; /* more fragments */
	assert_int_equal(segment_parse(packet, size, &s), -1);
	packet[6] = 0;
	packet[7] = 1; /* an offset */
	assert_int_equal(segment_parse(packet, size, &s), -1);
	packet[7] = 0;
	packet[9] = 17;
	assert_int_equal(segment_parse(packet, size, &s), -1);
	size6 = packet_make(packet, &shape6);
	packet[6] = 44; /* the eight bytes are a fragment header now: 6, reserved, offset, M */
	memset(packet + 41, 0, 7);
	assert_int_equal(segment_parse(packet, size6, &s), 0); /* atomic */
	packet[43] = 1;
	assert_int_equal(segment_parse(packet, size6, &s), -1);
	packet[6] = 50; /* ESP */
	assert_int_equal(segment_parse(packet, size6, &s), -1);
}

static void unknown_fault_is_refused(void **state)
{
	struct wire_rule r[] = {rule("explode", -1, -1), rule("delay", -1, -1)};
	struct wire_config c = {.rules = r, .n_rules = 1, .fd = {-1, -1}};
	struct err err;

	(void)state;
	c.base = event_base_new();
	assert_null(wire_new(&c, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "explode"));
	c.rules = &r[1]; /* without a time */
	assert_null(wire_new(&c, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	event_base_free(c.base);
}

static void a_device_that_goes_is_trouble(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, NULL, 0);
	close(b.host[HOST_SERVER]);
	b.host[HOST_SERVER] = open("/dev/null", O_RDWR);
	event_base_loop(b.base, EVLOOP_NONBLOCK);
	assert_int_equal(b.troubles, 1);
	event_base_loop(b.base, EVLOOP_NONBLOCK);
	assert_int_equal(b.troubles, 1);
	bench_end(&b);
}

/* More than a batch holds, waiting at both ends: everything comes out once and in order. */
static void batches_keep_the_order(void **state)
{
	struct wire_rule r[] = {rule("drop", ROLE_DATA, HOST_CLIENT),
	        rule("duplicate", ROLE_DATA, HOST_CLIENT), rule("inject", ROLE_DATA, HOST_CLIENT)};
	uint8_t packet[PACKET_MAX];
	uint32_t seq = 1001;
	struct segment s;
	struct bench b;

	(void)state;
	bench_in_batches = 1;
	for (unsigned i = 0; i < 3; i++) {
		r[i].times = 1;
		r[i].skip = 100;
	}
	r[2].inject = ROLE_RST;
	bench_start(&b, r, 3);
	handshake(&b, 0);
	drain(&b, HOST_SERVER);
	drain(&b, HOST_CLIENT);
	for (uint32_t i = 0; i < 150; i++)
		for (int h = 0; h < 2; h++) {
			struct shape shape = {.from = (enum host)h,
			        .flags = A,
			        .seq = h ? 5001 + i : 1001 + i,
			        .ack = h ? 1001 : 5001,
			        .length = 1,
			        .window = 500};
			size_t size = packet_make(packet, &shape);

			assert_int_equal(send(b.host[h], packet, size, 0), (ssize_t)size);
		}
	for (int i = 0; i < 20; i++)
		event_base_loop(b.base, EVLOOP_NONBLOCK);
	for (uint32_t i = 0; i < 150; i++, seq++) {
		/* 101 is lost; 102 comes twice; behind 103 comes a reset */
		if (seq == 1101)
			seq++;
		assert_true(got(&b, HOST_SERVER, &s));
		assert_int_equal(s.seq, seq);
		if (s.seq == 1102) {
			assert_true(got(&b, HOST_SERVER, &s));
			assert_int_equal(s.seq, 1102);
		}
		if (s.seq == 1103) {
			assert_true(got(&b, HOST_SERVER, &s));
			assert_int_equal(s.flags, SEG_RST | A);
		}
		if (s.seq == 1150)
			break;
	}
	assert_int_equal(drain(&b, HOST_SERVER), 0);
	for (uint32_t i = 0; i < 150; i++) {
		assert_true(got(&b, HOST_CLIENT, &s));
		assert_int_equal(s.seq, 5001 + i);
	}
	assert_int_equal(b.troubles, 0);
	close(b.host[HOST_SERVER]);
	b.host[HOST_SERVER] = open("/dev/null", O_RDWR);
	event_base_loop(b.base, EVLOOP_NONBLOCK);
	assert_true(b.troubles > 0);
	bench_end(&b);
	bench_in_batches = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(passes_everything_untouched),
	        cmocka_unit_test(event_is_complete),
	        cmocka_unit_test(garbage_passes),
	        cmocka_unit_test(fragments_and_other_protocols),
	        cmocka_unit_test(unknown_fault_is_refused),
	        cmocka_unit_test(a_device_that_goes_is_trouble),
	        cmocka_unit_test(batches_keep_the_order),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
