/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the capabilities (model/capability.h) this machine has, found out by trying. Each is
 * tried once in the life of the process, those that change something in a child with namespaces
 * of its own. Not for use with threads.
 */
#ifndef LASTACK_CAPABILITY_PROBE_H
#define LASTACK_CAPABILITY_PROBE_H

#include "core/err.h"

struct capability_state {
	int have;
	char why[320];  /* not have: what is missing */
	char mend[320]; /* not have: what would mend it, "" when nothing is known to */
};

/* NULL when there is no capability of this name. */
const struct capability_state *capability_state(const char *name);

/*
 * 1 have; 0 not: *why (which may be NULL) is of kind ERR_MISSING and says what is missing and what
 * would mend it; -1 no such name.
 */
int capability_have(const char *name, struct err *why);

#endif
