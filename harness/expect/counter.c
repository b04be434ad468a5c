/* SPDX-License-Identifier: BSD-2-Clause */
/* A counter of the host's kernel, as it grew since the cell was built. */
#include "phrase.h"

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	struct answer a = answer_growing(&x->want, ledger_counter(l, x->host, x->key));

	if (a.kind != ANSWER_FAILS && !ledger_fresh(l, x->host))
		return answer_stale(x->host);
	return a;
}

const struct expectation_type expectation_counter = {
        .name = "counter",
        .key = "counters",
        .shape = SHAPE_MAP,
        .help = "counters: {TcpExt.TWRecycled: 100}: grew by so much since the run began",
        .evaluate = evaluate,
};
