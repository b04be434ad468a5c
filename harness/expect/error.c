/* SPDX-License-Identifier: BSD-2-Clause */
/* How many system calls of a host's program failed with an errno. */
#include "phrase.h"

#include <string.h>

/* What the calls failed with instead. */
static void add_others(struct phrase *p, const struct ledger_host *h, int but)
{
	struct others o = {.p = p};

	for (int e = 1; e < LEDGER_ERRNOS; e++) {
		const char *name = strerrorname_np(e);

		if (e != but)
			phrase_other(&o, h->errors[e], "", name ? name : "?");
	}
	phrase_others_end(&o);
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	const struct ledger_host *h = &l->hosts[x->host];
	unsigned n = x->error > 0 && x->error < LEDGER_ERRNOS ? h->errors[x->error] : 0;
	struct answer a = answer_growing(&x->want, n);
	struct phrase p = {a.seen, sizeof a.seen, strlen(a.seen)};

	if (a.kind != ANSWER_HOLDS)
		add_others(&p, h, x->error);
	return a;
}

const struct expectation_type expectation_error = {
        .name = "error",
        .key = "errors",
        .shape = SHAPE_MAP,
        .help = "errors: {EADDRNOTAVAIL: 1}: so many calls of the program failed with that",
        .evaluate = evaluate,
};
