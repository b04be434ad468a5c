/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connection sockets the descriptors of a host's program hold. */
#include "phrase.h"

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	const struct ledger_host *h = &l->hosts[x->host];

	if (!h->owned_known && !ledger_had(l, SRC_OWNERS))
		return answer_make(ANSWER_MISSING, "needs the observer of owners");
	if (!h->owned_known || h->owned_at < l->step_event || l->now_ns < l->step_from_ns)
		return answer_make(ANSWER_UNDECIDED, "not counted yet");
	return answer_make(range_holds(&x->want, h->descriptors) ? ANSWER_HOLDS : ANSWER_UNDECIDED,
	        "%u", h->descriptors);
}

const struct expectation_type expectation_descriptors = {
        .name = "descriptors",
        .key = "descriptors",
        .shape = SHAPE_COUNT,
        .help = "descriptors: 100: so many connections are held open by the host's program",
        .evaluate = evaluate,
};
