/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections, as the peers at both ends report them, and the programs themselves. */
#include "ledger_internal.h"

#include <stdlib.h>
#include <string.h>

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
	struct tuple reversed = ledger_other_tuple(l, c->host, &c->tuple);
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

void ledger_feed_peer(struct ledger *l, const struct event *e, size_t index)
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

void ledger_free_peers(struct ledger *l)
{
	struct ledger_connection *c, *c_next;
	struct ledger_tuple *t, *t_next;

	HASH_ITER (hh, l->connections, c, c_next) {
		HASH_DEL(l->connections, c);
		free(c);
	}
	HASH_ITER (hh, l->tuples, t, t_next) {
		HASH_DEL(l->tuples, t);
		free(t);
	}
}
