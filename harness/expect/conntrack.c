/* SPDX-License-Identifier: BSD-2-Clause */
/* How many entries of a router's connection tracking are in a state, as the router sees it. */
#include "phrase.h"

static unsigned count(const struct ledger *l, enum conntrack_state state)
{
	unsigned n = 0;

	for (int s = CT_NONE + 1; s < CT_COUNT; s++)
		if (state == CT_ANY || s == (int)state)
			n += l->conntrack[s];
	return n;
}

static void add_others(struct phrase *p, const struct ledger *l, enum conntrack_state but)
{
	struct others o = {.p = p};

	for (int s = CT_NONE + 1; s < CT_COUNT; s++)
		if (s != (int)but)
			phrase_other(&o, l->conntrack[s], "in ", conntrack_state_names[s]);
	phrase_others_end(&o);
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	struct answer a = {0};
	struct phrase p = {a.seen, sizeof a.seen, 0};
	unsigned n = count(l, x->conntrack);

	if (!ledger_had(l, SRC_CONNTRACK))
		return answer_make(ANSWER_MISSING, "needs conntrack, which this run had not");
	if (!ledger_fresh(l, x->host))
		return answer_stale(x->host);
	a.kind = range_holds(&x->want, n) ? ANSWER_HOLDS : ANSWER_UNDECIDED;
	phrase_add(&p, "%u", n);
	if (a.kind == ANSWER_UNDECIDED)
		add_others(&p, l, x->conntrack);
	return a;
}

const struct expectation_type expectation_conntrack = {
        .name = "conntrack",
        .key = "conntrack",
        .shape = SHAPE_MAP,
        .help = "conntrack: {CLOSE_WAIT: 1}: so many connections are in that state as the router "
                "tracks them; `any`: in any state",
        .evaluate = evaluate,
};
