/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the hints share, and nobody else calls. */
#ifndef LASTACK_STATES_HINTS_H
#define LASTACK_STATES_HINTS_H

#include "states.h"

struct hints {
	char **v;
	size_t n, max;
};

/* Adds a sentence; past the maximum nothing. */
void hint(struct hints *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* CLOSE_WAIT and FIN_WAIT_2 that a fork has left in several processes. */
void hint_of_shared(struct hints *h, const struct inventory *inv, const states_groups *groups);

#endif
