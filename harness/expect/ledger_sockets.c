/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: one story each, from transitions and dumps that overlap. */
#include "ledger_internal.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

/* Transitions may be late, but not later than this. */
#define DISPUTE_NS (200 * NS_PER_MS)

enum tcp_state ledger_state(const struct ledger_socket *s)
{
	return s->path.n ? s->path.v[s->path.n - 1].state : ST_NONE;
}

int ledger_described(const struct ledger_socket *s)
{
	return s->has_details && s->details.state == ledger_state(s);
}

static struct ledger_socket *socket_of(struct ledger *l, const struct event *e)
{
	struct ledger_socket *s;
	struct socket_key key;

	memset(&key, 0, sizeof key);
	key.cookie = e->cookie;
	key.host = e->host;
	if (!key.cookie)
		key.tuple = e->tuple;
	HASH_FIND(hh, l->sockets, &key, sizeof key, s);
	if (!s) {
		s = NEW(struct ledger_socket);
		s->key = key;
		s->host = e->host;
		HASH_ADD(hh, l->sockets, key, sizeof key, s);
	}
	/* The first events of a socket may come before it is bound or connected. */
	if (e->tuple.local.family && (!s->tuple.remote.port || e->tuple.remote.port))
		s->tuple = e->tuple;
	return s;
}

static void enter(struct ledger *l, struct ledger_socket *s, struct stay stay)
{
	struct ledger_host *h = &l->hosts[s->host];

	if (s->path.n)
		h->population[ledger_state(s)]--;
	h->population[stay.state]++;
	s->listened |= stay.state == ST_LISTEN;
	array_push(&s->path, stay);
}

static void leave_last(struct ledger *l, struct ledger_socket *s)
{
	struct ledger_host *h = &l->hosts[s->host];

	h->population[ledger_state(s)]--;
	s->path.n--;
	if (s->path.n)
		h->population[ledger_state(s)]++;
}

/* Nothing comes before it that a socket could be found in. */
static int is_birth(enum tcp_state from)
{
	return from == ST_NONE || from == ST_SYN_RECV || from == ST_NEW_SYN_RECV;
}

static int is_minisocket_state(enum tcp_state s)
{
	return s == ST_TIME_WAIT || s == ST_FIN_WAIT_2;
}

/* Two observers saw one entering: the later lower bound and the earlier upper bound are true. */
static void narrow(struct stay *known, const struct stay *again)
{
	uint64_t since = again->since_ns > known->since_ns ? again->since_ns : known->since_ns;
	uint64_t t = again->t_ns < known->t_ns ? again->t_ns : known->t_ns;

	if (since > t) /* not the same moment: entered again, which the first entering outlives */
		return;
	known->since_ns = since;
	known->t_ns = t;
}

void ledger_feed_state(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_socket *s = socket_of(l, e);
	struct stay stay = {
	        .state = e->state.to,
	        .since_ns = e->state.since_ns < e->t_ns ? e->state.since_ns : e->t_ns,
	        .t_ns = e->t_ns,
	        .event = index,
	};
	struct stay *last = s->path.n ? &s->path.v[s->path.n - 1] : NULL;

	/* A dump found the socket before the story of how it came there arrived; or began before.
	 */
	if (last && last->found && last->state != stay.state &&
	        (stay.t_ns <= last->t_ns || (s->path.n == 1 && is_birth(e->state.from) &&
	                                            last->state != e->state.from))) {
		leave_last(l, s);
		last = s->path.n ? &s->path.v[s->path.n - 1] : NULL;
	}
	/* The full socket closed and a minisocket with its cookie took over. */
	if (last && last->state == ST_CLOSE && is_minisocket_state(stay.state) && s->path.n > 1) {
		leave_last(l, s);
		last = &s->path.v[s->path.n - 1];
	}
	if (last && last->state == stay.state)
		narrow(last, &stay);
	else if (stay.state != ST_NONE)
		enter(l, s, stay);
}

void ledger_feed_socket(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_socket *s = socket_of(l, e);
	const struct ledger_host *h = &l->hosts[e->host];

	s->details = e->socket;
	s->details_ns = e->t_ns;
	s->has_details = 1;
	if (!s->path.n && e->socket.state != ST_NONE)
		enter(l, s,
		        (struct stay){.state = e->socket.state,
		                .since_ns = h->sampled ? h->sample_ns : l->head->origin_ns,
		                .t_ns = e->t_ns,
		                .found = 1,
		                .event = index});
}

/* A dump speaks for itself when it is younger than what it contradicts. */
static int disputed(const struct ledger_socket *s)
{
	return s->has_details && s->path.n && s->details.state != ledger_state(s) &&
	       s->details.state != ST_CLOSE && s->details.state != ST_BOUND_INACTIVE &&
	       s->details_ns > s->path.v[s->path.n - 1].t_ns;
}

/* Transitions may be late, but not that late: then one is missing, and the dump is right. */
static void check_socket(
        struct ledger *l, struct ledger_socket *s, const struct event *e, size_t index)
{
	if (!disputed(s)) {
		s->disputed_ns = 0;
	} else if (!s->disputed_ns) {
		s->disputed_ns = e->t_ns;
	} else if (e->t_ns > s->disputed_ns + DISPUTE_NS) {
		l->hosts[s->host].gaps++;
		enter(l, s,
		        (struct stay){.state = s->details.state,
		                .since_ns = s->path.v[s->path.n - 1].t_ns,
		                .t_ns = s->details_ns,
		                .found = 1,
		                .event = index});
	}
}

void ledger_feed_sample(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_host *h = &l->hosts[e->host];

	h->sampled = 1;
	h->sample = index;
	h->sample_ns = e->t_ns;
	for (struct ledger_socket *s = l->sockets; s; s = s->hh.next)
		if (s->host == e->host)
			check_socket(l, s, e, index);
}

void ledger_feed_kernel(struct ledger *l, const struct event *e)
{
	if (e->kernel.deed == KERNEL_RETRANSMIT && e->kernel.flags & SEG_FIN)
		socket_of(l, e)->fin_again[e->kernel.state]++;
}

void ledger_free_sockets(struct ledger *l)
{
	struct ledger_socket *s, *next;

	HASH_ITER (hh, l->sockets, s, next) {
		HASH_DEL(l->sockets, s);
		array_free(&s->path);
		free(s);
	}
}
