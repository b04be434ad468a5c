/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults that copy, reorder, damage or rewrite a segment. */
#include "wire_bench.h"

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
	};

	return cmocka_run_group_tests_name("wire_change", tests, NULL, NULL);
}
