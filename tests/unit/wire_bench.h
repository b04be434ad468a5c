/* SPDX-License-Identifier: BSD-2-Clause */
/* A wire between two sockets that keep packet boundaries: what goes in, what comes out. */
#ifndef LASTACK_TEST_WIRE_BENCH_H
#define LASTACK_TEST_WIRE_BENCH_H

#include "core/array.h"
#include "core/clock.h"
#include "netns/wire.h"
#include "packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define A SEG_ACK

#define SEGMENTS(b) ((b)->arrived.v)

/* A wire, the far ends of its devices, and what it told. */
struct bench {
	struct event_base *base;
	struct wire *wire;
	int host[2];
	ARRAY(struct event) arrived;
	ARRAY(struct event) delivered;
	unsigned troubles;
};

/* Without anyone who looks around each segment the wire works in batches. */
static int bench_in_batches;

static inline void on_arrived(void *arg, const struct event *e)
{
	struct bench *b = arg;

	array_push(&b->arrived, *e);
}

static inline void on_delivered(void *arg, const struct event *e)
{
	struct bench *b = arg;

	array_push(&b->delivered, *e);
}

static inline void on_trouble(void *arg, const struct err *err)
{
	struct bench *b = arg;

	assert_true(*err->text);
	b->troubles++;
}

static inline void bench_start_seeded(
        struct bench *b, const struct wire_rule *rules, size_t n, uint64_t seed)
{
	struct wire_config c = {.rules = rules,
	        .n_rules = n,
	        .seed = seed,
	        .arrived = on_arrived,
	        .delivered = bench_in_batches ? NULL : on_delivered,
	        .trouble = on_trouble,
	        .arg = b};
	struct err err;

	memset(b, 0, sizeof *b);
	c.base = b->base = event_base_new();
	assert_non_null(b->base);
	for (int h = 0; h < 2; h++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		b->host[h] = pair[0];
		c.fd[h] = pair[1];
	}
	b->wire = wire_new(&c, &err);
	assert_non_null(b->wire);
}

static inline void bench_start(struct bench *b, const struct wire_rule *rules, size_t n)
{
	bench_start_seeded(b, rules, n, 1);
}

static inline void bench_end(struct bench *b)
{
	wire_free(b->wire);
	for (int h = 0; h < 2; h++)
		close(b->host[h]);
	array_free(&b->arrived);
	array_free(&b->delivered);
	event_base_free(b->base);
}

static inline void put_raw(struct bench *b, enum host from, const void *packet, size_t size)
{
	assert_int_equal(send(b->host[from], packet, size, 0), (ssize_t)size);
	event_base_loop(b->base, EVLOOP_NONBLOCK);
}

/* Sends one segment into the wire and lets the wire work; its size. */
static inline size_t put(struct bench *b, struct shape s)
{
	uint8_t packet[PACKET_MAX];
	size_t size = packet_make(packet, &s);

	put_raw(b, s.from, packet, size);
	return size;
}

/* What has come out at a host: its size, 0 for nothing. */
static inline size_t get(struct bench *b, enum host at, uint8_t *packet)
{
	ssize_t n = recv(b->host[at], packet, 1 << 16, 0);

	assert_true(n >= 0 || errno == EAGAIN);
	return n < 0 ? 0 : (size_t)n;
}

static inline int got(struct bench *b, enum host at, struct segment *ret)
{
	static uint8_t packet[1 << 16];
	size_t n = get(b, at, packet);

	if (!n)
		return 0;
	assert_int_equal(segment_parse(packet, n, ret), 0);
	assert_true(segment_checksum_ok(ret));
	return 1;
}

/* How many segments have come out. */
static inline unsigned drain(struct bench *b, enum host at)
{
	struct segment s;
	unsigned n = 0;

	while (got(b, at, &s))
		n++;
	return n;
}

static inline void handshake(struct bench *b, uint16_t port)
{
	put(b, (struct shape){.flags = SEG_SYN, .seq = 1000, .port = port});
	put(b, (struct shape){.from = HOST_SERVER,
	               .flags = SEG_SYN | A,
	               .seq = 5000,
	               .ack = 1001,
	               .window = 500,
	               .port = port});
	put(b, (struct shape){.flags = A, .seq = 1001, .ack = 5001, .window = 500, .port = port});
}

static inline void fin(struct bench *b, uint16_t port)
{
	put(b, (struct shape){.flags = SEG_FIN | A,
	               .seq = 1001,
	               .ack = 5001,
	               .window = 500,
	               .port = port});
}

static inline void data(struct bench *b, uint32_t seq)
{
	put(b, (struct shape){.flags = A, .seq = seq, .ack = 5001, .window = 500, .length = 10});
}

static inline struct wire_rule rule(char *action, int role, int from)
{
	return (struct wire_rule){
	        .action = action, .select = {.from = from, .role = role, .again = -1, .fate = -1}};
}

/* Runs the loop until something comes out, or for two seconds. */
static inline int wait_for(struct bench *b, enum host at, struct segment *s)
{
	uint64_t end = clock_now_ns() + 2 * NS_PER_S;

	while (!got(b, at, s)) {
		if (clock_now_ns() > end)
			return 0;
		event_base_loop(b->base, EVLOOP_ONCE);
	}
	return 1;
}

/* A wire with one rule, after a handshake, with nothing waiting at either host. */
static inline void ready(struct bench *b, const struct wire_rule *r, size_t n)
{
	bench_start(b, r, n);
	handshake(b, 0);
	drain(b, HOST_SERVER);
	drain(b, HOST_CLIENT);
}

static inline void server_sends(struct bench *b, unsigned flags, uint32_t seq, uint32_t ack)
{
	put(b, (struct shape){
	               .from = HOST_SERVER, .flags = flags, .seq = seq, .ack = ack, .window = 500});
}

#endif
