/* SPDX-License-Identifier: BSD-2-Clause */
/* What a router tracks: how many connections in which state, and who is who where it translates. */
#include "ledger_internal.h"

#include <stdlib.h>
#include <string.h>

static struct ledger_translation *translation(
        const struct ledger *l, enum host h, const struct tuple *tuple)
{
	struct ledger_translation *x, probe;

	memset(&probe, 0, sizeof probe);
	probe.key.host = h;
	probe.key.tuple = *tuple;
	HASH_FIND(hh, l->translations, &probe.key, sizeof probe.key, x);
	return x;
}

static void translate(
        struct ledger *l, enum host h, const struct tuple *here, const struct tuple *there)
{
	struct ledger_translation *x = translation(l, h, here);

	if (!x) {
		x = NEW(struct ledger_translation);
		x->key.host = h;
		x->key.tuple = *here;
		HASH_ADD(hh, l->translations, key, sizeof x->key, x);
	}
	x->there = *there;
}

void ledger_feed_conntrack(struct ledger *l, const struct event *e)
{
	const struct ev_conntrack *c = &e->conntrack;
	struct tuple plain = tuple_reversed(&e->tuple);

	if (l->conntrack[c->from])
		l->conntrack[c->from]--;
	l->conntrack[c->to]++;
	if (c->from != CT_NONE || tuple_equal(&plain, &c->reply))
		return;
	translate(l, HOST_CLIENT, &e->tuple, &c->reply);
	translate(l, HOST_SERVER, &c->reply, &e->tuple);
}

struct tuple ledger_other_tuple(const struct ledger *l, enum host h, const struct tuple *tuple)
{
	const struct ledger_translation *x = translation(l, h, tuple);

	return x ? x->there : tuple_reversed(tuple);
}

void ledger_free_router(struct ledger *l)
{
	struct ledger_translation *x, *next;

	HASH_ITER (hh, l->translations, x, next) {
		HASH_DEL(l->translations, x);
		free(x);
	}
}
