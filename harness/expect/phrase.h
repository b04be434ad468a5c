/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations and what was found, in words. And the few things that all kinds share. */
#ifndef LASTACK_PHRASE_H
#define LASTACK_PHRASE_H

#include "core/wheel.h"
#include "expect/ledger.h"
#include "model/expectation.h"
#include "model/range.h"

#include <stdarg.h>

/* Text that is put together piece by piece and never outgrows its buffer. */
struct phrase {
	char *text;
	size_t size, n;
};

void phrase_add(struct phrase *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What there is instead, one after the other: " (1 in ESTABLISHED, 2 in CLOSE_WAIT)". */
struct others {
	struct phrase *p;
	unsigned n;
};
/* "in " and a state, or "" and an error; nothing where there are none of it. */
void phrase_other(struct others *o, unsigned n, const char *in, const char *what);
void phrase_others_end(const struct others *o);

/* "200 ms to 260 ms", "at least 1 s" */
void phrase_window(struct phrase *p, const struct window *w);

/* "server CLOSE_WAIT = 100" */
void phrase_expectation(const struct expectation *x, char *buf, size_t size);

/* An answer with what was seen. */
struct answer answer_make(enum answer_kind kind, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

/* UNDECIDED, because nothing as young as the step is known of that host. */
struct answer answer_stale(enum host h);

/* The same of one socket, which has just come to its state. */
struct answer answer_not_described(const struct ledger_socket *s);

/* MISSING: nothing shows the segments. */
struct answer answer_no_wire(void);

/* The answer of a number that only ever grows: past the upper bound it fails for good. */
struct answer answer_growing(const struct range *want, int64_t value);

#endif
