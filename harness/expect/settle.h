/* SPDX-License-Identifier: BSD-2-Clause */
/* When the action of a step has settled, and how long that may take. */
#ifndef LASTACK_SETTLE_H
#define LASTACK_SETTLE_H

#include "expect/ledger.h"

struct settled {
	int yes;
	unsigned missing;    /* no: it takes at least so many more reports of peers */
	char waits_for[200]; /* no: "server saw the end of 0 of 1 connections" */
};

/* Of an action step that has begun. */
struct settled settle_step(const struct ledger *l, unsigned index);

/* More than that it takes only when something prevents it. */
uint64_t settle_within_ns(const struct scenario *s, const struct step *st);

#endif
