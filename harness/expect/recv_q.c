/* SPDX-License-Identifier: BSD-2-Clause */
/* Recv-Q of every socket of a host in a state: what nobody has read. A FIN counts as one byte. */
#include "phrase.h"

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	unsigned n = 0;

	if (!ledger_fresh(l, x->host))
		return answer_stale(x->host);
	for (const struct ledger_socket *s = l->sockets; s; s = s->hh.next) {
		char who[TUPLE_TEXT];

		if (s->host != x->host || ledger_state(s) != x->state)
			continue;
		if (!ledger_described(s))
			return answer_not_described(s);
		n++;
		if (!range_holds(&x->want, s->details.rqueue))
			return answer_make(ANSWER_UNDECIDED, "%u of %s", s->details.rqueue,
			        tuple_format(&s->tuple, who, sizeof who));
	}
	return answer_make(n ? ANSWER_HOLDS : ANSWER_UNDECIDED, "%s %u socket%s in %s",
	        n ? "so have" : "there are", n, n == 1 ? "" : "s", tcp_state_name(x->state));
}

const struct expectation_type expectation_recv_q = {
        .name = "recv_q",
        .key = "recv_q",
        .shape = SHAPE_MAP,
        .help = "recv_q: {CLOSE_WAIT: 210}: each socket in that state has so much unread; a FIN "
                "counts as one byte",
        .evaluate = evaluate,
};
