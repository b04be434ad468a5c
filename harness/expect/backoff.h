/* SPDX-License-Identifier: BSD-2-Clause */
/* Are the times at which a segment is sent again the kernel's? See rto.h for the rule. */
#ifndef LASTACK_BACKOFF_H
#define LASTACK_BACKOFF_H

#include "ledger.h"

#include "core/wheel.h"

/* The time between two segments, as far as it is known: within [lo, hi]. */
struct gap {
	uint64_t lo_ns, hi_ns;
};

struct gap gap_between(const struct ledger_segment *a, const struct ledger_segment *b);

/* Which gap does not fit, and what it would have to be: one window, or two. */
struct backoff_fault {
	size_t gap; /* from 0 */
	unsigned n;
	struct window want[2];
};

/*
 * Are these the transmissions of one segment, `at` being their places on its connection, n >= 2 of
 * them, as the kernel makes them? 0, or -1 with *ret.
 */
int backoff_check(const struct ledger *l, const struct ledger_wire *w, const size_t *at, size_t n,
        struct backoff_fault *ret);

#endif
