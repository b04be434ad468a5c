/* SPDX-License-Identifier: BSD-2-Clause */
#include "track.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define PATIENCE_NS (2 * NS_PER_MS) /* what the stream tells in hindsight comes sooner */

struct key {
	enum host host;
	struct tuple tuple;
};

/* A look: at some moment of it the socket was so. */
struct look {
	enum source source;
	uint64_t from_ns, t_ns;
};

struct tracked {
	struct key key;
	uint64_t cookie;
	enum tcp_state state; /* as the timeline has it */
	uint64_t agreed_ns;   /* it was known to be in it then */
	enum tcp_state odd;   /* what a look showed that the stream has not told, ST_NONE nothing */
	struct look odd_by;   /* the first that did */
	struct ev_socket seen; /* by the last look */
	uint64_t seen_ns;      /* 0: no look yet */
	unsigned dump;         /* the last dump that found it */
	UT_hash_handle hh;
};

struct track {
	struct track_config config;
	int stream; /* there is one */
	struct tracked *sockets;
	unsigned dump;
	uint64_t dump_ns[HOST_COUNT]; /* when the last complete dump of the host began */
	uint64_t began_ns;            /* the one under way */
};

struct track *track_new(const struct track_config *config)
{
	struct track *t = must(calloc(1, sizeof *t));

	t->config = *config;
	return t;
}

void track_stream_begins(struct track *t)
{
	t->stream = 1;
}

static void forget(struct track *t, struct tracked *s)
{
	HASH_DEL(t->sockets, s);
	free(s);
}

void track_free(struct track *t)
{
	struct tracked *s, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->sockets, s, next)
		forget(t, s);
	free(t);
}

/*
 * A state between two that were seen, where there is only one way (RFC 9293 figure 5): it lasted
 * too short for a look of its own.
 */
static enum tcp_state between(enum tcp_state from, enum tcp_state to)
{
	/* From nothing: the passive end comes by SYN_RECV, and what is beyond ESTABLISHED was in
	 * it. */
	if (from == ST_NONE && (to == ST_CLOSE_WAIT || to == ST_FIN_WAIT_1 || to == ST_LAST_ACK))
		return ST_ESTABLISHED;
	if ((from == ST_SYN_SENT || from == ST_SYN_RECV) &&
	        (to == ST_CLOSE_WAIT || to == ST_FIN_WAIT_1 || to == ST_LAST_ACK))
		return ST_ESTABLISHED;
	if (from == ST_ESTABLISHED && to == ST_LAST_ACK)
		return ST_CLOSE_WAIT;
	if (from == ST_ESTABLISHED && (to == ST_FIN_WAIT_2 || to == ST_CLOSING))
		return ST_FIN_WAIT_1;
	if (from == ST_FIN_WAIT_1 && to == ST_TIME_WAIT)
		return ST_FIN_WAIT_2;
	return ST_NONE;
}

static void emit_state(struct track *t, const struct tracked *s, enum tcp_state from,
        enum tcp_state to, uint64_t since_ns, uint64_t t_ns, enum source source, int inferred)
{
	struct event e = {.t_ns = t_ns,
	        .kind = EV_STATE,
	        .source = source,
	        .host = s->key.host,
	        .cookie = s->cookie,
	        .tuple = s->key.tuple};

	e.state.from = from;
	e.state.to = to;
	e.state.since_ns = since_ns;
	e.state.inferred = inferred;
	t->config.emit(t->config.arg, &e);
}

/* To a state by way of those that were not seen; `inferred`: nor was that one. */
static void emit_way(struct track *t, const struct tracked *s, enum tcp_state to, uint64_t since_ns,
        uint64_t t_ns, enum source source, int inferred)
{
	enum tcp_state from = s->state, via;

	while ((via = between(from, to)) != ST_NONE) {
		emit_state(t, s, from, via, since_ns, t_ns, source, 1);
		from = via;
	}
	emit_state(t, s, from, to, since_ns, t_ns, source, inferred);
}

static void emit_details(
        struct track *t, const struct tracked *s, enum source source, uint64_t t_ns)
{
	struct event e = {.t_ns = t_ns,
	        .kind = EV_SOCKET,
	        .source = source,
	        .host = s->key.host,
	        .cookie = s->cookie,
	        .tuple = s->key.tuple,
	        .socket = s->seen};

	t->config.emit(t->config.arg, &e);
}

static struct ev_socket details(const struct sock_row *row)
{
	return (struct ev_socket){.state = row->state,
	        .rqueue = row->rqueue,
	        .wqueue = row->wqueue,
	        .inode = row->inode,
	        .timer = row->timer,
	        .expires_ms = row->expires_ms,
	        .retrans = row->retrans};
}

/* A timer that runs down is no news; one that was set anew is. */
static int differ(
        const struct ev_socket *a, uint64_t a_ns, const struct ev_socket *b, uint64_t b_ns)
{
	int64_t a_end = (int64_t)(a_ns / NS_PER_MS) + a->expires_ms;
	int64_t b_end = (int64_t)(b_ns / NS_PER_MS) + b->expires_ms;

	return a->state != b->state || a->rqueue != b->rqueue || a->wqueue != b->wqueue ||
	       a->inode != b->inode || a->timer != b->timer || a->retrans != b->retrans ||
	       (a->timer && llabs(a_end - b_end) > 50);
}

static struct tracked *find(const struct track *t, enum host h, const struct tuple *tuple)
{
	struct key key;
	struct tracked *s;

	memset(&key, 0, sizeof key); /* padding is part of the hash */
	key.host = h;
	key.tuple = *tuple;
	HASH_FIND(hh, t->sockets, &key, sizeof key, s);
	return s;
}

static struct tracked *born(
        struct track *t, enum host h, const struct tuple *tuple, uint64_t cookie)
{
	struct tracked *s = must(calloc(1, sizeof *s));

	s->key.host = h;
	s->key.tuple = *tuple;
	s->cookie = cookie;
	s->agreed_ns = t->dump_ns[h];
	HASH_ADD(hh, t->sockets, key, sizeof s->key, s);
	return s;
}

/* The socket goes to a state, which a look has shown. */
static void go(struct track *t, struct tracked *s, enum tcp_state to, const struct look *by)
{
	emit_way(t, s, to, s->agreed_ns, by->t_ns, by->source, 0);
	s->state = to;
	s->agreed_ns = by->from_ns;
	s->odd = ST_NONE;
	if (to == ST_CLOSE)
		forget(t, s);
}

/* A look shows this state: is it news, and is it certain? */
static void look_shows(
        struct track *t, struct tracked *s, enum tcp_state state, const struct look *by)
{
	if (state == s->state) {
		s->agreed_ns = by->from_ns;
		s->odd = ST_NONE;
	} else if (!t->stream) {
		go(t, s, state, by);
	} else if (s->odd != state) {
		s->odd = state;
		s->odd_by = *by;
		t->config.doubt(t->config.arg);
	} else if (by->t_ns >= s->odd_by.t_ns + PATIENCE_NS) {
		const struct look first = s->odd_by;

		go(t, s, state, &first);
	}
}

static void look_details(struct track *t, struct tracked *s, const struct ev_socket *now,
        enum source source, uint64_t t_ns)
{
	int news = !s->seen_ns || differ(&s->seen, s->seen_ns, now, t_ns);

	s->seen = *now;
	s->seen_ns = t_ns;
	if (news)
		emit_details(t, s, source, t_ns);
}

/* What was found where a socket would be, if it is still the one with this cookie. */
static struct tracked *if_same(
        struct track *t, struct tracked *s, uint64_t cookie, const struct look *by)
{
	if (!s || s->cookie == cookie)
		return s;
	go(t, s, ST_CLOSE, by); /* the four-tuple was taken again */
	return NULL;
}

static void saw_row(struct track *t, enum host h, const struct sock_row *row, const struct look *by)
{
	struct tracked *s = if_same(t, find(t, h, &row->tuple), row->cookie, by);
	struct ev_socket now = details(row);

	if (!s)
		s = born(t, h, &row->tuple, row->cookie);
	s->dump = t->dump;
	look_shows(t, s, row->state, by);
	/* No younger than they may be: what was told meanwhile is believed before them. */
	look_details(t, s, &now, by->source, by->from_ns);
}

void track_saw(struct track *t, enum host h, const struct sock_row *row, const struct tuple *tuple,
        enum source source, uint64_t from_ns, uint64_t t_ns)
{
	const struct look by = {source, from_ns, t_ns};
	struct tracked *s;

	if (row) {
		saw_row(t, h, row, &by);
		return;
	}
	s = find(t, h, tuple);
	if (s)
		look_shows(t, s, ST_CLOSE, &by);
}

/*
 * The socket of a transition; NULL where it has no port. connect() sets SYN_SENT before it has one,
 * and when the choice takes long the stream tells so: no look finds the socket then, and others may
 * be on the same way.
 */
static struct tracked *find_told(struct track *t, const struct event *e)
{
	const struct look told = {e->source, e->t_ns, e->t_ns};
	struct tracked *s;

	if (!e->tuple.local.port)
		return NULL;
	s = find(t, e->host, &e->tuple);
	if (s && s->cookie != e->cookie && e->state.to == ST_CLOSE)
		return NULL; /* of one that had the four-tuple before, told late */
	s = if_same(t, s, e->cookie, &told);
	if (!s && e->state.to != ST_CLOSE)
		s = born(t, e->host, &e->tuple, e->cookie);
	return s;
}

void track_told(struct track *t, const struct event *e)
{
	struct tracked *s = find_told(t, e);
	struct event copy = *e;

	if (s && s->state == e->state.to) { /* a look was first */
		s->odd = ST_NONE;
		return;
	}
	/* What the stream left out is in what it goes on from. */
	if (s && s->state != e->state.from && s->state != ST_NONE && e->state.from != ST_NONE)
		emit_way(t, s, e->state.from, s->agreed_ns, e->t_ns, e->source, 1);
	t->config.emit(t->config.arg, &copy);
	if (!s)
		return;
	s->state = e->state.to;
	s->agreed_ns = e->t_ns;
	s->odd = ST_NONE;
	if (s->state == ST_CLOSE)
		forget(t, s);
}

void track_dump_begin(struct track *t, uint64_t t_ns)
{
	t->began_ns = t_ns;
	t->dump++;
}

void track_dump_end(struct track *t, enum host h,
        void (*missed)(void *arg, const struct tuple *tuple), void *arg)
{
	struct tracked *s, *next;

	HASH_ITER (hh, t->sockets, s, next)
		if (s->key.host == h && s->dump != t->dump) {
			const struct tuple tuple = s->key.tuple; /* it may go */

			missed(arg, &tuple);
		}
	t->dump_ns[h] = t->began_ns; /* one that was born since may have been missed */
}

uint64_t track_next_timer_ns(const struct track *t)
{
	uint64_t soonest = 0;

	for (const struct tracked *s = t->sockets; s; s = s->hh.next) {
		uint64_t at = s->seen_ns + s->seen.expires_ms * NS_PER_MS;

		if (s->seen.timer && (!soonest || at < soonest))
			soonest = at;
	}
	return soonest;
}
