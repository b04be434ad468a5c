/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order in which segments came to the wire, whatever became of them there: on each connection
 * that the wire saw, and on one at least. Others may come between. It is undecided until all have
 * come: what is late is no contradiction yet.
 */
#include "phrase.h"

#include <string.h>

/* After the last that came in order, so many others are told. */
#define MOST_OTHERS 6

/* How many of the segments came in this order; *ret_next: where the search for the next one goes
 * on. */
static size_t progress(const struct expectation *x, const struct ledger_wire *w, size_t *ret_next)
{
	size_t n = 0;

	*ret_next = 0;
	for (size_t i = 0; i < w->segments.n && n < x->order.n; i++)
		if (ledger_selects(&x->order.v[n], &w->segments.v[i])) {
			n++;
			*ret_next = i + 1;
		}
	return n;
}

static void add_selector(struct phrase *p, const struct segment_selector *s)
{
	char text[SELECTOR_TEXT];

	phrase_add(p, "%s", selector_format(s, text, sizeof text));
}

static void add_came(struct phrase *p, const struct ledger_segment *g)
{
	phrase_add(p, "%s%s%s from %s", segment_role_names[g->role], g->again ? " " : "",
	        g->again ? segment_sent_names[g->again] : "", actor_names[g->from]);
}

static void add_others(struct phrase *p, const struct ledger_wire *w, size_t from)
{
	size_t to = from + MOST_OTHERS < w->segments.n ? from + MOST_OTHERS : w->segments.n;

	if (from == w->segments.n)
		phrase_add(p, "nothing");
	for (size_t i = from; i < to; i++) {
		phrase_add(p, "%s", i > from ? ", " : "");
		add_came(p, &w->segments.v[i]);
	}
	if (to < w->segments.n)
		phrase_add(p, " and %zu more", w->segments.n - to);
}

/* "198.18.0.1:40000 > ...: no last-ack from client after fin from server, but rst from client; 2 of
 * 3 came in order" */
static struct answer tell(const struct expectation *x, const struct ledger_wire *w)
{
	struct answer a = {.kind = ANSWER_UNDECIDED};
	struct phrase p = {a.seen, sizeof a.seen, 0};
	char who[TUPLE_TEXT];
	size_t next, n = progress(x, w, &next);

	phrase_add(&p, "%s: no ", tuple_format(&w->tuple, who, sizeof who));
	add_selector(&p, &x->order.v[n]);
	if (n) {
		phrase_add(&p, " after ");
		add_selector(&p, &x->order.v[n - 1]);
	}
	phrase_add(&p, ", but ");
	add_others(&p, w, next);
	phrase_add(&p, "; %zu of %zu came in order", n, x->order.n);
	return a;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	const struct ledger_wire *first_short = NULL;
	unsigned n = 0, done = 0;
	struct answer a;
	size_t next;

	if (!ledger_sees_segments(l))
		return answer_no_wire();
	for (const struct ledger_wire *w = l->wire; w; w = w->hh.next) {
		int yes = progress(x, w, &next) == x->order.n;

		n++;
		done += (unsigned)yes;
		if (!yes && !first_short)
			first_short = w;
	}
	if (!n)
		return answer_make(ANSWER_UNDECIDED, "no connection at all");
	if (!first_short)
		return answer_make(ANSWER_HOLDS, "on %u connection%s", n, n == 1 ? "" : "s");
	a = tell(x, first_short);
	if (n > 1)
		phrase_add(&(struct phrase){a.seen, sizeof a.seen, strlen(a.seen)},
		        "; it is so on %u of %u connections", done, n);
	return a;
}

const struct expectation_type expectation_order = {
        .name = "order",
        .key = "order",
        .shape = SHAPE_ORDER,
        .of_wire = 1,
        .help = "order: [fin from client, ack-of-fin from server]: on each connection the wire saw "
                "such segments one after the other; others may come between",
        .evaluate = evaluate,
};
