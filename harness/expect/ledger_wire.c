/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments: their numbers, and where an expectation asks for it each one, by its connection. */
#include "ledger_internal.h"
#include "model/expectation.h"
#include "model/range.h"

#include <stdlib.h>

static int any_or(int selected, int value)
{
	return selected < 0 || selected == value;
}

int ledger_sees_segments(const struct ledger *l)
{
	return ledger_had(l, SRC_WIRE) || l->kinds[EV_SEGMENT];
}

int ledger_selects(const struct segment_selector *s, const struct ledger_segment *g)
{
	return any_or(s->role, g->role) && any_or(s->from, g->from) &&
	       segment_sent_fits(s->again, g->again) && any_or(s->fate, g->fate);
}

static int asks_for_segments(const struct expectation *x)
{
	const struct expectation_type *t = expectation_type_find(x->kind);

	array_each (const struct path_state, p, &x->path)
		if (range_is_of_fin(&p->stay))
			return 1;
	return t && (t->shape == SHAPE_ORDER || t->shape == SHAPE_GAPS);
}

int ledger_needs_wire(const struct scenario *s)
{
	array_each (const struct step, st, &s->steps)
		array_each (const struct expectation, x, &st->expectations)
			if (asks_for_segments(x))
				return 1;
	return 0;
}

static void remember_by_tuple(struct ledger *l, struct ledger_wire *w)
{
	struct ledger_wire *before;

	HASH_FIND(by_tuple, l->wire_by_tuple, &w->tuple, sizeof w->tuple, before);
	if (before)
		HASH_DELETE(by_tuple, l->wire_by_tuple, before);
	HASH_ADD(by_tuple, l->wire_by_tuple, tuple, sizeof w->tuple, w);
}

const struct ledger_wire *ledger_wire_of(const struct ledger *l, const struct ledger_socket *s)
{
	struct tuple client = s->host == HOST_CLIENT ? s->tuple : tuple_reversed(&s->tuple);
	struct ledger_wire *w;

	HASH_FIND(by_tuple, l->wire_by_tuple, &client, sizeof client, w);
	return w;
}

static struct ledger_wire *wire_of(struct ledger *l, const struct event *e)
{
	struct ledger_wire *w;

	HASH_FIND(hh, l->wire, &e->segment.connection, sizeof w->connection, w);
	if (w)
		return w;
	w = NEW(struct ledger_wire);
	w->connection = e->segment.connection;
	w->tuple = e->host == HOST_CLIENT ? e->tuple : tuple_reversed(&e->tuple);
	HASH_ADD(hh, l->wire, connection, sizeof w->connection, w);
	remember_by_tuple(l, w);
	return w;
}

void ledger_feed_segment(struct ledger *l, const struct event *e)
{
	const struct ev_segment *s = &e->segment;
	struct ledger_segment g = {
	        .t_ns = e->t_ns,
	        .sent_ms = s->sent_ms,
	        .seq = s->seq,
	        .ack = s->ack,
	        .length = s->length,
	        .rule = s->rule,
	        .role = (uint8_t)s->role,
	        .from = (uint8_t)e->host,
	        .again = s->probe   ? SENT_PROBE
	                 : s->again ? SENT_AGAIN
	                            : SENT_FIRST,
	        .fate = (uint8_t)s->fate,
	        .flags = (uint8_t)s->flags,
	        .has_sent = !!s->has_sent,
	};

	l->segments[s->role][e->host][g.again][s->fate]++;
	if (l->keeps_wire)
		array_push(&wire_of(l, e)->segments, g);
}

void ledger_free_wire(struct ledger *l)
{
	struct ledger_wire *w, *next;

	HASH_CLEAR(by_tuple, l->wire_by_tuple);
	HASH_ITER (hh, l->wire, w, next) {
		HASH_DEL(l->wire, w);
		array_free(&w->segments);
		free(w);
	}
}
