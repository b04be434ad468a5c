/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kind of expectation is: a row of expect/expectations.def. The loader reads names and
 * shapes here; the judge calls evaluate().
 *
 * An expectation is a function of the timeline so far. It answers *holds*, *fails* (and will never
 * hold), or *undecided* until a moment. It looks at no clock and no kernel: run live or replayed
 * from a file, the answer is the same.
 */
#ifndef LASTACK_EXPECTATION_H
#define LASTACK_EXPECTATION_H

#include "model/scenario.h"

enum answer_kind {
	ANSWER_HOLDS,
	ANSWER_FAILS,
	ANSWER_UNDECIDED,
	ANSWER_MISSING, /* no observer of this run can tell: `seen` names what is missing */
};

struct answer {
	enum answer_kind kind;
	int blind; /* UNDECIDED for want of a dump: it says nothing of what is the case */
	char seen[512]; /* what is the case, in words */
};

struct ledger; /* expect/ledger.h: what the timeline has shown so far */

/* How the value of an expectation is written. */
enum value_shape {
	SHAPE_COUNT, /* 100, ">= 90" */
	SHAPE_MAP,   /* {EADDRNOTAVAIL: 1}: one expectation a key */
	SHAPE_PATH,  /* [ESTABLISHED, {TIME_WAIT: 60s}, CLOSE] */
	SHAPE_ORDER, /* [fin from client, ack-of-fin from server] */
	SHAPE_GAPS,  /* backoff, or [200ms, "400ms .. 450ms"]: the key goes on with the segments */
};

struct expectation_type {
	const char *name;
	const char *key; /* the key in a scenario; NULL where the key is a state or a segment */
	enum value_shape shape;
	int of_wire;      /* the key is one of `wire`, not of a host */
	int tells_times;  /* the answer has its own times: not how long it was waited for */
	int durations;    /* the values are durations (.want in ns), not counts */
	const char *help; /* one line */
	struct answer (*evaluate)(const struct expectation *x, const struct ledger *l);
};

/* All of them; NULL at the end. */
extern const struct expectation_type *const expectation_types[];

const struct expectation_type *expectation_type_find(const char *name);

#endif
