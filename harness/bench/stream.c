/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include "observe/bpf.h"

#include <stdlib.h>

#define RING_BYTES                                                                                 \
	(4u << 20) /* for each processor: 150 ms at full speed; larger is colder for both sides */

/*
 * When a socket came into its state, in a table with one place for each cookie. Cookies are counted
 * up, so that the sockets of now have neighbouring places; one that waits for long (a TIME_WAIT)
 * may lose its place to a later socket, and then its stay goes unmeasured.
 */
#define PLACES (1u << 21)

struct place {
	uint64_t cookie, since_ns;
};

struct bench_stream {
	struct bpf_observer *observer;
	struct bpf_ring *ring;
	struct bench_result *result;
	int64_t population[2][ST_COUNT];
	struct place *places;
	unsigned port_lo,
	        port_hi; /* on loopback: who has one of these is the server; 0: no matter */
};

struct bench_stream *bench_stream_new(struct err *err)
{
	struct bpf_options options = {
	        .quick = 1, .ring_bytes = RING_BYTES, .lanes = bpf_lanes_wanted()};
	struct bench_stream *s = must(calloc(1, sizeof *s));

	s->observer = bpf_observer_new(&options, err);
	if (!s->observer || bpf_observer_slot(s->observer, 0, err)) {
		bench_stream_free(s);
		return NULL;
	}
	return s;
}

void bench_stream_free(struct bench_stream *s)
{
	if (!s)
		return;
	bpf_observer_free(s->observer);
	free(s->places);
	free(s);
}

static enum bench_side side_of(const struct bench_stream *s, const struct event *e)
{
	unsigned port = e->tuple.local.port;

	if (s->port_lo)
		return port >= s->port_lo && port <= s->port_hi ? SIDE_SERVER : SIDE_CLIENT;
	return e->host == HOST_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
}

static void on_event(void *arg, const struct event *e)
{
	struct bench_stream *s = arg;
	enum bench_side side;
	struct place *p;

	if (e->kind != EV_STATE)
		return;
	side = side_of(s, e);
	s->population[side][e->state.from]--;
	s->population[side][e->state.to]++;
	p = &s->places[e->cookie % PLACES];
	if (p->cookie == e->cookie && e->t_ns >= p->since_ns)
		histogram_add(&s->result->stay[side][e->state.from], e->t_ns - p->since_ns);
	p->cookie = e->cookie;
	p->since_ns = e->t_ns;
}

static int watch(
        struct bench_stream *s, const struct bench_lab *lab, enum bench_side side, struct err *err)
{
	uint64_t cookie;

	if (bench_lab_enter(lab, side, err) || bpf_netns_cookie(&cookie, err))
		return -1;
	return bpf_observer_watch(
	        s->observer, 0, side == SIDE_CLIENT ? HOST_CLIENT : HOST_SERVER, cookie, err);
}

int bench_stream_begin(struct bench_stream *s, const struct bench_lab *lab, unsigned pairs,
        struct bench_result *r, struct event_base *base, struct err *err)
{
	s->result = r;
	s->places = must(calloc(PLACES, sizeof *s->places));
	if (lab->space[SIDE_CLIENT] == lab->space[SIDE_SERVER]) {
		s->port_lo = BENCH_PORT;
		s->port_hi = BENCH_PORT + pairs - 1;
	}
	s->ring = bpf_ring_open(s->observer, 0, on_event, s, err);
	if (!s->ring || watch(s, lab, SIDE_CLIENT, err))
		return -1;
	if (!s->port_lo && watch(s, lab, SIDE_SERVER, err))
		return -1;
	return bench_lab_leave(lab, err) || bpf_ring_start(s->ring, base, err) ? -1 : 0;
}

static uint64_t positive(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

void bench_stream_catch_up(struct bench_stream *s)
{
	bpf_ring_consume(s->ring);
}

void bench_stream_states(struct bench_stream *s, struct bench_sample *ret)
{
	bench_stream_catch_up(s);
	for (int i = 0; i < 2; i++) {
		ret->established[i] = positive(s->population[i][ST_ESTABLISHED]);
		ret->other[i] = 0;
		for (int state = ST_NONE + 1; state < ST_COUNT; state++)
			if (state != ST_ESTABLISHED && state != ST_TIME_WAIT &&
			        state != ST_LISTEN && state != ST_CLOSE)
				ret->other[i] += positive(s->population[i][state]);
	}
}

uint64_t bench_stream_lost(struct bench_stream *s)
{
	return bpf_ring_lost(s->ring);
}

void bench_stream_end(struct bench_stream *s)
{
	bpf_ring_close(s->ring);
	s->ring = NULL;
}
