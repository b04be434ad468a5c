/* SPDX-License-Identifier: BSD-2-Clause */
/* How many system calls of a host's program failed with an errno. */
#include "phrase.h"

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	unsigned n =
	        x->error > 0 && x->error < LEDGER_ERRNOS ? l->hosts[x->host].errors[x->error] : 0;

	return answer_growing(&x->want, n);
}

const struct expectation_type expectation_error = {
        .name = "error",
        .key = "errors",
        .shape = SHAPE_MAP,
        .help = "errors: {EADDRNOTAVAIL: 1}: so many calls of the program failed with that",
        .evaluate = evaluate,
};
