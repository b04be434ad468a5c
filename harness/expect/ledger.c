/* SPDX-License-Identifier: BSD-2-Clause */
/* What the timeline has shown so far. */
#include "ledger_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct ledger *ledger_new(const struct scenario *s, const struct timeline_head *head)
{
	struct ledger *l = NEW(struct ledger);

	l->scenario = s;
	l->head = head;
	l->now_ns = head->origin_ns;
	l->keeps_wire = ledger_needs_wire(s);
	return l;
}

void ledger_free(struct ledger *l)
{
	struct ledger_counter *n, *next;

	if (!l)
		return;
	ledger_free_sockets(l);
	ledger_free_peers(l);
	ledger_free_router(l);
	ledger_free_wire(l);
	HASH_ITER (hh, l->counters, n, next) {
		HASH_DEL(l->counters, n);
		free(n);
	}
	array_free(&l->steps_ns);
	free(l);
}

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
		ledger_feed_state(l, e, index);
		break;
	case EV_SOCKET:
		ledger_feed_socket(l, e, index);
		break;
	case EV_SAMPLE:
		ledger_feed_sample(l, e, index);
		break;
	case EV_SEGMENT:
		ledger_feed_segment(l, e);
		break;
	case EV_PEER:
		ledger_feed_peer(l, e, index);
		break;
	case EV_COUNTER:
		feed_counter(l, e);
		break;
	case EV_OWNED:
		h->owned_known = 1;
		h->owned_at = index;
		h->descriptors = e->owned.descriptors;
		break;
	case EV_CONNTRACK:
		ledger_feed_conntrack(l, e);
		break;
	case EV_KERNEL:
		ledger_feed_kernel(l, e);
		break;
	case EV_STEP:
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
	if (e->step.index == l->steps_ns.n)
		array_push(&l->steps_ns, e->t_ns);
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
