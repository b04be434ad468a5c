/* SPDX-License-Identifier: BSD-2-Clause */
/* What the timeline has shown so far. */
#include "ledger.h"

#include "core/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DISPUTE_NS (200 * NS_PER_MS)

/* Memory for a hash entry that cannot be had ends the program as elsewhere. */
#define NEW(type) must(calloc(1, sizeof(type)))

struct ledger *ledger_new(const struct scenario *s, const struct timeline_head *head)
{
	struct ledger *l = NEW(struct ledger);

	l->scenario = s;
	l->head = head;
	l->now_ns = head->origin_ns;
	return l;
}

static void sockets_free(struct ledger *l)
{
	struct ledger_socket *s, *next;

	HASH_ITER (hh, l->sockets, s, next) {
		HASH_DEL(l->sockets, s);
		array_free(&s->path);
		free(s);
	}
}

void ledger_free(struct ledger *l)
{
	struct ledger_connection *c, *c_next;
	struct ledger_tuple *t, *t_next;
	struct ledger_counter *n, *n_next;

	if (!l)
		return;
	sockets_free(l);
	HASH_ITER (hh, l->connections, c, c_next) {
		HASH_DEL(l->connections, c);
		free(c);
	}
	HASH_ITER (hh, l->tuples, t, t_next) {
		HASH_DEL(l->tuples, t);
		free(t);
	}
	HASH_ITER (hh, l->counters, n, n_next) {
		HASH_DEL(l->counters, n);
		free(n);
	}
	free(l);
}

/* ---- sockets ---- */

enum tcp_state ledger_state(const struct ledger_socket *s)
{
	return s->path.n ? s->path.v[s->path.n - 1].state : ST_NONE;
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

static void feed_state(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_socket *s = socket_of(l, e);
	struct stay stay = {
	        .state = e->state.to,
	        .since_ns = e->state.since_ns < e->t_ns ? e->state.since_ns : e->t_ns,
	        .t_ns = e->t_ns,
	        .event = index,
	};
	struct stay *last = s->path.n ? &s->path.v[s->path.n - 1] : NULL;

	/* A dump found the socket before the story of how it came there arrived. */
	if (last && last->found && last->state != stay.state && stay.t_ns <= last->t_ns) {
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

static void feed_socket(struct ledger *l, const struct event *e, size_t index)
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

static void feed_sample(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_host *h = &l->hosts[e->host];

	h->sampled = 1;
	h->sample = index;
	h->sample_ns = e->t_ns;
	for (struct ledger_socket *s = l->sockets; s; s = s->hh.next)
		if (s->host == e->host)
			check_socket(l, s, e, index);
}

/* ---- peers ---- */

static struct ledger_connection *connection_of(struct ledger *l, const struct event *e)
{
	struct connection_key key = {e->host, l->hosts[e->host].life, e->peer.connection};
	struct ledger_connection *c;

	HASH_FIND(hh, l->connections, &key, sizeof key, c);
	if (!c) {
		c = NEW(struct ledger_connection);
		c->key = key;
		c->host = e->host;
		HASH_ADD(hh, l->connections, key, sizeof key, c);
	}
	return c;
}

static struct ledger_tuple *tuple_entry(
        const struct ledger *l, enum host h, const struct tuple *tuple)
{
	struct ledger_tuple *t, probe;

	memset(&probe, 0, sizeof probe);
	probe.key.host = h;
	probe.key.tuple = *tuple;
	HASH_FIND(hh, l->tuples, &probe.key, sizeof probe.key, t);
	return t;
}

static void know_tuple(struct ledger *l, struct ledger_connection *c, const struct tuple *tuple)
{
	struct ledger_tuple *t;

	if (!tuple->remote.family || tuple_equal(tuple, &c->tuple))
		return;
	c->tuple = *tuple;
	t = tuple_entry(l, c->host, tuple);
	if (!t) {
		t = NEW(struct ledger_tuple);
		t->key.host = c->host;
		t->key.tuple = *tuple;
		HASH_ADD(hh, l->tuples, key, sizeof t->key, t);
	}
	t->connection = c;
}

const struct ledger_connection *ledger_other_end(
        const struct ledger *l, const struct ledger_connection *c)
{
	struct tuple reversed = tuple_reversed(&c->tuple);
	enum host other = c->host == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT;
	struct ledger_tuple *t;

	if (!c->tuple.remote.family)
		return NULL;
	t = tuple_entry(l, other, &reversed);
	return t ? t->connection : NULL;
}

static void feed_failed(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_host *h = &l->hosts[e->host];

	if (e->peer.error > 0 && e->peer.error < LEDGER_ERRNOS)
		h->errors[e->peer.error]++;
	if (e->peer.connection) {
		struct ledger_connection *c = connection_of(l, e);

		know_tuple(l, c, &e->tuple);
		c->failed = e->peer.error;
		c->failed_at = index;
	}
}

static void feed_connection(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_connection *c = connection_of(l, e);

	know_tuple(l, c, &e->tuple);
	switch (e->peer.verb) {
	case PEER_CONNECTED:
		c->connected = 1;
		c->connected_at = index;
		break;
	case PEER_ACCEPTED:
		c->accepted = 1;
		break;
	case PEER_RECEIVED:
		c->received += e->peer.bytes;
		break;
	case PEER_SENT:
		c->sent += e->peer.bytes;
		c->sent_at = index;
		break;
	case PEER_EOF:
		c->eof = 1;
		break;
	case PEER_SHUT:
		c->shut = 1;
		c->shut_at = index;
		break;
	case PEER_CLOSED:
		c->closed = 1;
		c->closed_at = index;
		break;
	case PEER_READY:
	case PEER_LISTENING:
	case PEER_FAILED:
	case PEER_DONE:
	case PEER_EXITED:
	case PEER_VERB_COUNT:
		break;
	}
}

static void feed_exited(struct ledger_host *h, const struct event *e, size_t index)
{
	h->exited = 1;
	h->exited_at = index;
	h->status = e->peer.status;
	h->ready = h->listening = 0;
	h->life++;
}

static void feed_peer(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_host *h = &l->hosts[e->host];

	switch (e->peer.verb) {
	case PEER_READY:
		h->ready = 1;
		h->exited = 0;
		h->ready_at = index;
		break;
	case PEER_LISTENING:
		h->listening = 1;
		h->listening_at = index;
		break;
	case PEER_DONE:
		/* Higher numbers are commands of the runner's own, before the first step. */
		if (e->peer.command > h->done && e->peer.command <= l->scenario->steps.n)
			h->done = e->peer.command;
		break;
	case PEER_EXITED:
		feed_exited(h, e, index);
		break;
	case PEER_FAILED:
		feed_failed(l, e, index);
		break;
	case PEER_CONNECTED:
	case PEER_ACCEPTED:
	case PEER_RECEIVED:
	case PEER_SENT:
	case PEER_EOF:
	case PEER_SHUT:
	case PEER_CLOSED:
		if (e->peer.connection)
			feed_connection(l, e, index);
		break;
	case PEER_VERB_COUNT:
		break;
	}
}

/* ---- the rest ---- */

static struct ledger_counter *counter_entry(const struct ledger *l, enum host h, const char *name)
{
	struct ledger_counter *c, probe;

	memset(&probe, 0, sizeof probe);
	probe.key.host = h;
	snprintf(probe.key.name, sizeof probe.key.name, "%s", name);
	HASH_FIND(hh, l->counters, &probe.key, sizeof probe.key, c);
	return c;
}

static void feed_counter(struct ledger *l, const struct event *e)
{
	struct ledger_counter *c = counter_entry(l, e->host, e->counter.name);

	if (!c) {
		c = NEW(struct ledger_counter);
		c->key.host = e->host;
		snprintf(c->key.name, sizeof c->key.name, "%s", e->counter.name);
		HASH_ADD(hh, l->counters, key, sizeof c->key, c);
	}
	c->value = e->counter.value;
}

int64_t ledger_counter(const struct ledger *l, enum host h, const char *name)
{
	const struct ledger_counter *c = counter_entry(l, h, name);

	return c ? c->value : 0;
}

static void feed_host(struct ledger *l, const struct event *e, size_t index)
{
	struct ledger_host *h = &l->hosts[e->host];

	switch (e->kind) {
	case EV_STATE:
		feed_state(l, e, index);
		break;
	case EV_SOCKET:
		feed_socket(l, e, index);
		break;
	case EV_SAMPLE:
		feed_sample(l, e, index);
		break;
	case EV_SEGMENT:
		l->segments[e->segment.role][e->host][!!e->segment.again][e->segment.fate]++;
		break;
	case EV_PEER:
		feed_peer(l, e, index);
		break;
	case EV_COUNTER:
		feed_counter(l, e);
		break;
	case EV_OWNED:
		h->owned_known = 1;
		h->owned_at = index;
		h->descriptors = e->owned.descriptors;
		break;
	case EV_STEP:
	case EV_KERNEL:
	case EV_TICK:
	case EV_NOTE:
	case EV_TROUBLE:
	case EV_COUNT:
		break;
	}
}

/* ---- what steps change about a program ---- */

static void feed_kill(struct ledger_host *h, int signal)
{
	if (signal == SIGSTOP || signal == SIGTSTP)
		h->stopped = 1;
	else if (signal == SIGCONT)
		h->stopped = 0;
	else
		h->condemned = 1;
}

static void begin_step(struct ledger_host *h, const struct step *st)
{
	if (st->action == DO_READ)
		h->deaf = !st->on;
	else if (st->action == DO_HOLD)
		h->deaf = 1;
	else if (st->action == DO_ACCEPT)
		h->unaccepting = !st->on;
	else if (st->action == DO_KILL)
		feed_kill(h, st->signal);
	else if (st->action == DO_START)
		h->deaf = h->unaccepting = h->stopped = h->condemned = 0;
}

static void feed_step(struct ledger *l, const struct event *e)
{
	const struct step *st;

	if (e->step.index >= l->scenario->steps.n || e->step.phase != STEP_BEGIN)
		return;
	st = &l->scenario->steps.v[e->step.index];
	for (int h = 0; h < HOST_COUNT; h++)
		if ((int)st->actor == h || st->actor == ACTOR_BOTH)
			begin_step(&l->hosts[h], st);
}

void ledger_feed(struct ledger *l, const struct event *e, size_t index)
{
	if (e->t_ns > l->now_ns)
		l->now_ns = e->t_ns;
	if (e->kind < EV_COUNT)
		l->kinds[e->kind]++;
	if (e->kind == EV_STEP)
		feed_step(l, e);
	if (e->host < HOST_COUNT)
		feed_host(l, e, index);
}

int ledger_fresh(const struct ledger *l, enum host h)
{
	const struct ledger_host *host = &l->hosts[h];

	return host->sampled && host->sample > l->step_event && host->sample_ns >= l->step_from_ns;
}

int ledger_had(const struct ledger *l, enum source s)
{
	return !!(l->head->observers & 1u << s);
}
