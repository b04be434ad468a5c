/* SPDX-License-Identifier: BSD-2-Clause */
/* Roles, ordinals and retransmissions, told from hand-made segments. */
#include "netns/flow.h"

#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define C HOST_CLIENT
#define S HOST_SERVER
#define A SEG_ACK

/* The client's SYN is 1000, the server's 5000. */
struct row {
	enum host from;
	unsigned flags;
	uint32_t seq, ack, length;
	int window; /* 0: 500, -1: closed */
	enum segment_role role;
	unsigned ordinal;
	int again;
	unsigned connection;
};

static void check_family(const struct row *rows, size_t n, int v6)
{
	uint8_t packet[PACKET_MAX];
	struct ev_segment got;
	struct segment s;
	struct flows f;

	flows_init(&f, 0);
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		struct shape shape = {.from = r->from,
		        .flags = r->flags,
		        .seq = r->seq,
		        .ack = r->ack,
		        .length = r->length,
		        .window = r->window < 0 ? 0 : 500,
		        .v6 = v6};
		size_t size = packet_make(packet, &shape);

		assert_int_equal(segment_parse(packet, size, &s), 0);
		memset(&got, 0, sizeof got);
		flow_segment(&f, &s, r->from, i, &got);
		if (got.role != r->role || got.ordinal != r->ordinal || got.again != r->again ||
		        got.connection != (r->connection ? r->connection : 1))
			fail_msg("row %zu (IPv%d): %s %u%s of connection %u, wanted %s %u%s", i,
			        v6 ? 6 : 4, segment_role_names[got.role], got.ordinal,
			        got.again ? " again" : "", got.connection,
			        segment_role_names[r->role], r->ordinal, r->again ? " again" : "");
		assert_int_equal(got.seq, r->seq);
		assert_int_equal(got.length, r->length);
	}
	flows_free(&f);
}

#define CHECK(rows)                                                                                \
	do {                                                                                       \
		check_family(rows, sizeof(rows) / sizeof *(rows), 0);                              \
		check_family(rows, sizeof(rows) / sizeof *(rows), 1);                              \
	} while (0)

#define HANDSHAKE                                                                                  \
	{C, SEG_SYN, 1000, 0, 0, 0, ROLE_SYN, 1, 0, 0},                                            \
	        {S, SEG_SYN | A, 5000, 1001, 0, 0, ROLE_SYN_ACK, 1, 0, 0},                         \
	{                                                                                          \
		C, A, 1001, 5001, 0, 0, ROLE_HANDSHAKE_ACK, 1, 0, 0                                \
	}

static void close_in_order(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, A | SEG_PSH, 1001, 5001, 10, 0, ROLE_DATA, 1, 0, 0},
	        {S, A, 5001, 1011, 0, 0, ROLE_ACK, 1, 0, 0},
	        {S, A, 5001, 1011, 20, 0, ROLE_DATA, 1, 0, 0},
	        {C, A, 1011, 5021, 0, 0, ROLE_ACK, 1, 0, 0},
	        {C, SEG_FIN | A, 1011, 5021, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, A, 5021, 1012, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0},
	        {S, SEG_FIN | A, 5021, 1012, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 1012, 5022, 0, 0, ROLE_LAST_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

/* The second closer's FIN acknowledges the first's: it is a fin all the same. */
static void server_closes_first_in_three_segments(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {S, SEG_FIN | A, 5001, 1001, 7, 0, ROLE_FIN, 1, 0, 0},
	        {C, SEG_FIN | A, 1001, 5009, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, A, 5009, 1002, 0, 0, ROLE_LAST_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void fin_again_draws_last_ack_again(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, ROLE_FIN, 2, 1, 0},
	        {S, A, 5001, 1002, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0},
	        {S, A, 5001, 1002, 0, 0, ROLE_ACK_OF_FIN, 2, 0, 0},
	        {S, SEG_FIN | A, 5001, 1002, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 1002, 5002, 0, 0, ROLE_LAST_ACK, 1, 0, 0},
	        {S, SEG_FIN | A, 5001, 1002, 0, 0, ROLE_FIN, 2, 1, 0},
	        {C, A, 1002, 5002, 0, 0, ROLE_LAST_ACK, 2, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void half_close_with_data(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, A, 5001, 1002, 100, 0, ROLE_DATA, 1, 0, 0},
	        {C, A, 1002, 5101, 0, 0, ROLE_ACK, 1, 0, 0},
	        {S, A, 5101, 1002, 100, 0, ROLE_DATA, 2, 0, 0},
	        {S, A, 5101, 1002, 100, 0, ROLE_DATA, 3, 1, 0},
	        {S, SEG_FIN | A, 5201, 1002, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 1002, 5202, 0, 0, ROLE_LAST_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

/* Neither FIN acknowledges the other: both were sent first. */
static void simultaneous_close(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, SEG_FIN | A, 5001, 1001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 1002, 5002, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0},
	        {S, A, 5002, 1002, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void handshake_again(void **state)
{
	static const struct row rows[] = {{C, SEG_SYN, 1000, 0, 0, 0, ROLE_SYN, 1, 0, 0},
	        {C, SEG_SYN, 1000, 0, 0, 0, ROLE_SYN, 2, 1, 0},
	        {S, SEG_SYN | A, 5000, 1001, 0, 0, ROLE_SYN_ACK, 1, 0, 0},
	        {C, A, 1001, 5001, 0, 0, ROLE_HANDSHAKE_ACK, 1, 0, 0},
	        {S, SEG_SYN | A, 5000, 1001, 0, 0, ROLE_SYN_ACK, 2, 1, 0},
	        {C, A, 1001, 5001, 0, 0, ROLE_HANDSHAKE_ACK, 2, 0, 0},
	        {C, A, 1001, 5001, 0, 0, ROLE_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

/* The opener's data acknowledges the SYN-ACK: no handshake-ack is due any more. */
static void data_completes_the_handshake(void **state)
{
	static const struct row rows[] = {{C, SEG_SYN, 1000, 0, 0, 0, ROLE_SYN, 1, 0, 0},
	        {S, SEG_SYN | A, 5000, 1001, 0, 0, ROLE_SYN_ACK, 1, 0, 0},
	        {C, A, 1001, 5001, 5, 0, ROLE_DATA, 1, 0, 0},
	        {C, A, 1006, 5001, 0, 0, ROLE_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void simultaneous_open(void **state)
{
	static const struct row rows[] = {{C, SEG_SYN, 1000, 0, 0, 0, ROLE_SYN, 1, 0, 0},
	        {S, SEG_SYN, 5000, 0, 0, 0, ROLE_SYN, 1, 0, 0},
	        {C, SEG_SYN | A, 1000, 5001, 0, 0, ROLE_SYN_ACK, 1, 0, 0},
	        {S, SEG_SYN | A, 5000, 1001, 0, 0, ROLE_SYN_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void port_reuse_is_a_new_connection(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, SEG_FIN | A, 5001, 1002, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 1002, 5002, 0, 0, ROLE_LAST_ACK, 1, 0, 0},
	        {C, SEG_SYN, 90000, 0, 0, 0, ROLE_SYN, 1, 0, 2},
	        {S, SEG_SYN | A, 70000, 90001, 0, 0, ROLE_SYN_ACK, 1, 0, 2},
	        {C, A, 90001, 70001, 0, 0, ROLE_HANDSHAKE_ACK, 1, 0, 2},
	        {S, SEG_FIN | A, 70001, 90001, 0, 0, ROLE_FIN, 1, 0, 2},
	        {C, A, 90001, 70002, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 2}};

	(void)state;
	CHECK(rows);
}

static void old_connection_challenges_a_new_syn(void **state)
{
	static const struct row rows[] = {HANDSHAKE,
	        {C, SEG_SYN, 90000, 0, 0, 0, ROLE_SYN, 1, 0, 2},
	        {S, A, 5001, 1001, 0, 0, ROLE_CHALLENGE_ACK, 1, 0, 2},
	        {C, SEG_RST, 1001, 0, 0, 0, ROLE_RST, 1, 0, 2},
	        {C, SEG_SYN, 90000, 0, 0, 0, ROLE_SYN, 2, 1, 2},
	        {S, SEG_SYN | A, 70000, 90001, 0, 0, ROLE_SYN_ACK, 1, 0, 2}};

	(void)state;
	CHECK(rows);
}

static void reset_off_the_mark_is_challenged(void **state)
{
	static const struct row rows[] = {HANDSHAKE, {C, SEG_RST, 1101, 0, 0, 0, ROLE_RST, 1, 0, 0},
	        {S, A, 5001, 1001, 0, 0, ROLE_CHALLENGE_ACK, 1, 0, 0},
	        {S, A, 5001, 1001, 0, 0, ROLE_ACK, 1, 0, 0},
	        {C, SEG_RST, 1001, 0, 0, 0, ROLE_RST, 2, 0, 0},
	        {S, A, 5001, 1001, 0, 0, ROLE_ACK, 2, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void keepalive(void **state)
{
	static const struct row rows[] = {HANDSHAKE, {C, A, 1001, 5001, 10, 0, ROLE_DATA, 1, 0, 0},
	        {S, A, 5001, 1011, 0, 0, ROLE_ACK, 1, 0, 0},
	        {C, A, 1010, 5001, 0, 0, ROLE_KEEPALIVE_PROBE, 1, 1, 0},
	        {S, A, 5001, 1011, 0, 0, ROLE_ACK, 2, 0, 0},
	        {C, A, 1010, 5001, 1, 0, ROLE_KEEPALIVE_PROBE, 2, 1, 0},
	        {S, A, 5000, 1011, 0, 0, ROLE_KEEPALIVE_PROBE, 1, 1, 0}};

	(void)state;
	CHECK(rows);
}

/* One byte that was sent but not acknowledged is data again, and no probe. */
static void last_byte_again(void **state)
{
	static const struct row rows[] = {HANDSHAKE, {C, A, 1001, 5001, 1, 0, ROLE_DATA, 1, 0, 0},
	        {C, A, 1001, 5001, 1, 0, ROLE_DATA, 2, 1, 0}};

	(void)state;
	CHECK(rows);
}

static void closed_window(void **state)
{
	static const struct row rows[] = {HANDSHAKE, {C, A, 1001, 5001, 10, 0, ROLE_DATA, 1, 0, 0},
	        {S, A, 5001, 1011, 0, -1, ROLE_ZERO_WINDOW, 1, 0, 0},
	        {C, A, 1010, 5001, 0, 0, ROLE_WINDOW_PROBE, 1, 1, 0},
	        {S, A, 5001, 1011, 0, -1, ROLE_ZERO_WINDOW, 2, 0, 0},
	        {C, A, 1011, 5001, 1, 0, ROLE_WINDOW_PROBE, 2, 1, 0},
	        {S, A, 5001, 1011, 0, 0, ROLE_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

/* The first segment seen says where a connection stands. */
static void joined_late(void **state)
{
	static const struct row rows[] = {{C, A, 3000, 7000, 10, 0, ROLE_DATA, 1, 0, 0},
	        {S, A, 7000, 3010, 0, 0, ROLE_ACK, 1, 0, 0},
	        {C, A, 3000, 7000, 10, 0, ROLE_DATA, 2, 1, 0},
	        {S, SEG_FIN | A, 7000, 3010, 0, 0, ROLE_FIN, 1, 0, 0},
	        {C, A, 3010, 7001, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0},
	        {C, SEG_FIN | A, 3010, 7001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, A, 7001, 3011, 0, 0, ROLE_LAST_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void sequence_numbers_wrap(void **state)
{
	static const struct row rows[] = {{C, SEG_SYN, 0xfffffffe, 0, 0, 0, ROLE_SYN, 1, 0, 0},
	        {S, SEG_SYN | A, 5000, 0xffffffff, 0, 0, ROLE_SYN_ACK, 1, 0, 0},
	        {C, A, 0xffffffff, 5001, 0, 0, ROLE_HANDSHAKE_ACK, 1, 0, 0},
	        {C, A, 0xffffffff, 5001, 10, 0, ROLE_DATA, 1, 0, 0},
	        {C, A, 9, 5001, 10, 0, ROLE_DATA, 2, 0, 0},
	        {C, A, 0xffffffff, 5001, 10, 0, ROLE_DATA, 3, 1, 0},
	        {C, SEG_FIN | A, 19, 5001, 0, 0, ROLE_FIN, 1, 0, 0},
	        {S, A, 5001, 20, 0, 0, ROLE_ACK_OF_FIN, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

static void flags_that_mean_nothing(void **state)
{
	static const struct row rows[] = {{C, 0, 1000, 0, 0, 0, ROLE_ACK, 1, 0, 0},
	        {S, SEG_SYN | SEG_FIN | SEG_RST | A, 1, 1, 0, 0, ROLE_RST, 1, 0, 0},
	        {S, SEG_SYN | SEG_FIN | A, 1, 1, 0, 0, ROLE_SYN_ACK, 1, 0, 0}};

	(void)state;
	CHECK(rows);
}

/* Ended connections are forgotten in the end; one that lives again is not among them. */
static void many_connections(void **state)
{
	uint8_t packet[PACKET_MAX];
	struct ev_segment got;
	struct segment s;
	struct flows f;
	struct shape shape = {.flags = SEG_SYN, .window = 500};

	(void)state;
	flows_init(&f, 3);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned port = 1; port < 65536; port++) {
			shape.port = (uint16_t)port;
			shape.seq = round * 1000;
			shape.flags = SEG_SYN;
			segment_parse(packet, packet_make(packet, &shape), &s);
			flow_segment(&f, &s, HOST_CLIENT, 0, &got);
			assert_int_equal(got.connection, round * 65535 + port);
			shape.flags = SEG_RST;
			segment_parse(packet, packet_make(packet, &shape), &s);
			flow_segment(&f, &s, HOST_CLIENT, 0, &got);
		}
	}
	shape.v6 = 1;
	for (unsigned port = 1; port < 65536; port++) {
		shape.port = (uint16_t)port;
		segment_parse(packet, packet_make(packet, &shape), &s);
		flow_segment(&f, &s, HOST_CLIENT, 0, &got);
	}
	assert_int_equal(f.n_ended, 65536);
	assert_int_equal(HASH_COUNT(f.table), 65536);
	flows_free(&f);
}

/* The sender's clock is in the option of timestamps, if that is whole. */
static void the_senders_clock(void **state)
{
	static const uint8_t stamp[] = {1, 1, 8, 10, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9};
	struct shape shape = {.from = C, .flags = SEG_SYN, .seq = 1, .window = 1, .options = 12};
	uint8_t packet[PACKET_MAX];
	struct ev_segment got = {0};
	struct segment s;
	struct flows f;
	size_t size = packet_make(packet, &shape);

	(void)state;
	flows_init(&f, 0);
	assert_int_equal(segment_parse(packet, size, &s), 0);
	flow_segment(&f, &s, C, 0, &got);
	assert_false(got.has_sent);
	memcpy(s.tcp + 20, stamp, sizeof stamp);
	flow_segment(&f, &s, C, 0, &got);
	assert_true(got.has_sent);
	assert_int_equal(got.sent_ms, 0x12345678);
	s.tcp[23] = 6; /* too short for two clocks */
	flow_segment(&f, &s, C, 0, &got);
	assert_false(got.has_sent);
	assert_int_equal(got.sent_ms, 0);
	flows_free(&f);
}

/* Against the soonest one, on either side of the wrap of the sender's clock. */
static void how_long_it_waited(void **state)
{
	static const struct {
		uint32_t sent_ms;
		double came_ms, waited_ms;
	} told[] = {
	        {UINT32_MAX - 1, 1000, 0}, {UINT32_MAX, 1003, 2},
	        {98, 1105, 5},    /* 100 ms after the first */
	        {198, 1198, 2},   /* 2 ms sooner than the first one, which has waited then */
	        {298, 1539, 241}, /* 239 beyond the first */
	};
	struct flow *c = calloc(1, sizeof *c);
	struct ev_segment s = {.has_sent = 1};

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		s.sent_ms = told[i].sent_ms;
		assert_true(flow_waited_ns(c, &s, S, (uint64_t)(told[i].came_ms * 1e6)) ==
		            (uint64_t)(told[i].waited_ms * 1e6));
	}
	s.has_sent = 0;
	assert_true(flow_waited_ns(c, &s, S, 9000000000u) == 0);
	free(c);
}

/* A segment of a connection for the tail loss probes; `lost`: it does not arrive. */
struct probing {
	enum host from;
	unsigned flags;
	uint32_t seq, ack, length;
	int lost, probe;
};

static void check_probes(const struct probing *p, size_t n, int sack)
{
	uint8_t packet[PACKET_MAX];
	struct ev_segment got;
	struct segment s;
	struct flows f;

	flows_init(&f, 0);
	for (size_t i = 0; i < n; i++) {
		struct shape shape = {.from = p[i].from,
		        .flags = p[i].flags,
		        .seq = p[i].seq,
		        .ack = p[i].ack,
		        .length = p[i].length,
		        .window = 500,
		        .options = p[i].flags & SEG_SYN ? 8 : 0,
		        .sack = sack};
		struct flow *c;

		assert_int_equal(segment_parse(packet, packet_make(packet, &shape), &s), 0);
		memset(&got, 0, sizeof got);
		c = flow_segment(&f, &s, p[i].from, i, &got);
		if (got.probe != (sack && p[i].probe))
			fail_msg("segment %zu, %s sack: probe %d", i, sack ? "with" : "without",
			        got.probe);
		if (!p[i].lost)
			flow_delivered(c, &s, p[i].from);
	}
	flows_free(&f);
}

#define PROBES(p)                                                                                  \
	do {                                                                                       \
		check_probes(p, sizeof(p) / sizeof *(p), 1);                                       \
		check_probes(p, sizeof(p) / sizeof *(p), 0);                                       \
	} while (0)

#define OPENED                                                                                     \
	{C, SEG_SYN, 1000, 0, 0, 0, 0}, {S, SEG_SYN | A, 5000, 1001, 0, 0, 0},                     \
	{                                                                                          \
		C, A, 1001, 5001, 0, 0, 0                                                          \
	}

/* The first time it comes again, and no more until that has been acknowledged. */
static void probe_of_a_fin(void **state)
{
	static const struct probing p[] = {OPENED, {C, SEG_FIN | A, 1001, 5001, 0, 0, 0},
	        {S, A, 5001, 1002, 0, 1, 0}, {C, SEG_FIN | A, 1001, 5001, 0, 0, 1},
	        {S, A, 5001, 1002, 0, 1, 0}, {C, SEG_FIN | A, 1001, 5001, 0, 0, 0},
	        {C, SEG_FIN | A, 1001, 5001, 0, 0, 0}, {S, A, 5001, 1002, 0, 0, 0},
	        {S, SEG_FIN | A, 5001, 1002, 0, 1, 0}, {S, SEG_FIN | A, 5001, 1002, 0, 0, 1}};

	(void)state;
	PROBES(p);
}

/* The last of several is a probe, the first of them a retransmission; what follows that is none. */
static void probe_of_data(void **state)
{
	static const struct probing p[] = {OPENED, {C, A, 1001, 5001, 10, 1, 0},
	        {C, A, 1011, 5001, 10, 1, 0}, {C, A, 1011, 5001, 10, 1, 1},
	        {C, A, 1001, 5001, 10, 0, 0}, {S, A, 5001, 1011, 0, 0, 0},
	        {C, A, 1011, 5001, 10, 0, 0}, {S, A, 5001, 1021, 0, 0, 0},
	        {C, A, 1021, 5001, 10, 1, 0}, {C, A, 1021, 5001, 10, 1, 1}};

	(void)state;
	PROBES(p);
}

/* A sender that is still mending sends no probe, also of what it sent in the meantime. */
static void no_probe_while_mending(void **state)
{
	static const struct probing p[] = {OPENED, {C, A, 1001, 5001, 10, 1, 0},
	        {C, A, 1011, 5001, 10, 1, 0}, {C, A, 1001, 5001, 10, 0, 0},
	        {S, A, 5001, 1011, 0, 0, 0}, {C, SEG_FIN | A, 1021, 5001, 0, 1, 0},
	        {C, SEG_FIN | A, 1021, 5001, 0, 0, 0}};

	(void)state;
	PROBES(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(close_in_order),
	        cmocka_unit_test(server_closes_first_in_three_segments),
	        cmocka_unit_test(fin_again_draws_last_ack_again),
	        cmocka_unit_test(half_close_with_data),
	        cmocka_unit_test(simultaneous_close),
	        cmocka_unit_test(handshake_again),
	        cmocka_unit_test(data_completes_the_handshake),
	        cmocka_unit_test(simultaneous_open),
	        cmocka_unit_test(port_reuse_is_a_new_connection),
	        cmocka_unit_test(old_connection_challenges_a_new_syn),
	        cmocka_unit_test(reset_off_the_mark_is_challenged),
	        cmocka_unit_test(keepalive),
	        cmocka_unit_test(last_byte_again),
	        cmocka_unit_test(closed_window),
	        cmocka_unit_test(joined_late),
	        cmocka_unit_test(sequence_numbers_wrap),
	        cmocka_unit_test(flags_that_mean_nothing),
	        cmocka_unit_test(many_connections),
	        cmocka_unit_test(the_senders_clock),
	        cmocka_unit_test(how_long_it_waited),
	        cmocka_unit_test(probe_of_a_fin),
	        cmocka_unit_test(probe_of_data),
	        cmocka_unit_test(no_probe_while_mending),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
