/* SPDX-License-Identifier: BSD-2-Clause */
/* How many sockets of a host are in a state now. A minisocket counts by its substate. */
#include "phrase.h"

static void add_others(struct phrase *p, const struct ledger_host *h, enum tcp_state but)
{
	struct others o = {.p = p};

	for (enum tcp_state s = ST_ESTABLISHED; s < ST_COUNT; s++)
		if (s != but && s != ST_CLOSE && s != ST_LISTEN)
			phrase_other(&o, h->population[s], "in ", tcp_state_name(s));
	phrase_others_end(&o);
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	const struct ledger_host *h = &l->hosts[x->host];
	struct answer a = {0};
	struct phrase p = {a.seen, sizeof a.seen, 0};

	if (!ledger_fresh(l, x->host))
		return answer_stale(x->host);
	a.kind = range_holds(&x->want, h->population[x->state]) ? ANSWER_HOLDS : ANSWER_UNDECIDED;
	phrase_add(&p, "%u", h->population[x->state]);
	if (a.kind == ANSWER_UNDECIDED)
		add_others(&p, h, x->state);
	return a;
}

const struct expectation_type expectation_population = {
        .name = "population",
        .shape = SHAPE_COUNT,
        .help = "{CLOSE_WAIT: 100}: so many sockets of the host are in that state",
        .evaluate = evaluate,
};
