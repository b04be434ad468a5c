/* SPDX-License-Identifier: BSD-2-Clause */
/* How many sockets of a host in a state belong to no descriptor (inode 0). */
#include "phrase.h"

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	unsigned n = 0, all = 0;

	if (!ledger_fresh(l, x->host))
		return answer_stale(x->host);
	for (const struct ledger_socket *s = l->sockets; s; s = s->hh.next) {
		if (s->host != x->host || ledger_state(s) != x->state)
			continue;
		if (!ledger_described(s))
			return answer_not_described(s);
		all++;
		n += !s->details.inode;
	}
	return answer_make(range_holds(&x->want, n) ? ANSWER_HOLDS : ANSWER_UNDECIDED,
	        "%u of %u in %s", n, all, tcp_state_name(x->state));
}

const struct expectation_type expectation_unowned = {
        .name = "unowned",
        .key = "unowned",
        .shape = SHAPE_MAP,
        .help = "unowned: {CLOSE_WAIT: 5}: so many sockets in that state belong to no descriptor: "
                "minisockets, orphans and never accepted ones",
        .evaluate = evaluate,
};
