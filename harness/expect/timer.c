/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left on the timer of every socket of a host in a state, as of the latest dump. So a wait
 * of a minute can be told from its first moment.
 */
#include "phrase.h"

#include "core/clock.h"

static int64_t left_ns(const struct ledger *l, const struct ledger_socket *s)
{
	int64_t since = (int64_t)(l->hosts[s->host].sample_ns - s->details_ns);

	return (int64_t)s->details.expires_ms * (int64_t)NS_PER_MS - since;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	unsigned n = 0;

	if (!ledger_fresh(l, x->host))
		return answer_stale(x->host);
	for (const struct ledger_socket *s = l->sockets; s; s = s->hh.next) {
		char who[TUPLE_TEXT], text[32];
		int64_t left;

		if (s->host != x->host || ledger_state(s) != x->state)
			continue;
		if (!ledger_described(s))
			return answer_not_described(s);
		n++;
		left = left_ns(l, s);
		if (!s->details.timer)
			return answer_make(ANSWER_UNDECIDED, "no timer runs for %s",
			        tuple_format(&s->tuple, who, sizeof who));
		if (!range_holds(&x->want, left))
			return answer_make(ANSWER_UNDECIDED, "%s left for %s",
			        duration_format((uint64_t)(left > 0 ? left : 0), text, sizeof text),
			        tuple_format(&s->tuple, who, sizeof who));
	}
	return answer_make(n ? ANSWER_HOLDS : ANSWER_UNDECIDED, "%s %u socket%s in %s",
	        n ? "so have" : "there are", n, n == 1 ? "" : "s", tcp_state_name(x->state));
}

const struct expectation_type expectation_timer = {
        .name = "timer",
        .key = "timer",
        .shape = SHAPE_MAP,
        .durations = 1,
        .help = "timer: {TIME_WAIT: \"59s .. 60s\"}: each socket in that state has so much left "
                "on its timer",
        .evaluate = evaluate,
};
