/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge: a scenario and the timeline so far, to an answer about the step under way.
 *
 * Pure: no clock, no kernel. The runner feeds it each event as it happens and does what it says; a
 * replay feeds it the same events from a file. Time is the time of the event that was fed last, so
 * a runner that waits for a deadline puts an EV_TICK on the timeline when it has come.
 *
 * An EV_SAMPLE of a host says that its sockets, and the counters that the step asks for, are on the
 * timeline as of that moment: populations and counters hold only on the word of one that is younger
 * than the step, and fail at the deadline only on the word of one that is not older than it.
 *
 * The life of a step: EV_STEP begin ... events ... EV_STEP holds or fails. The runner emits those
 * events; on a replay they are in the file, and the judge checks that it would have said the same.
 *
 *   an `expect` step holds when all its expectations hold at one moment (with `for`: at every
 * sample of that time), fails when one can never hold any more, or at the deadline; an action step
 * holds when it has settled: the commanded peers reported an outcome for every connection, and the
 * peers at the other end noticed (accepted, EOF, reset), if they look.
 */
#ifndef LASTACK_JUDGE_H
#define LASTACK_JUDGE_H

#include "model/expectation.h"
#include "model/timeline.h"
#include "model/verdict.h"

struct judge;

/* Neither is copied; both outlive the judge. */
struct judge *judge_new(const struct scenario *s, const struct timeline_head *head);
void judge_free(struct judge *j);

/* `index` is the event's place on its timeline. */
void judge_feed(struct judge *j, const struct event *e, size_t index);

/* What the judge says of the step under way. */
struct ruling {
	enum answer_kind kind;
	uint64_t until_ns; /* UNDECIDED: ask again then at the latest, with an EV_TICK and fresh
	                      samples */
	uint64_t not_before_ns; /* UNDECIDED: nothing can change the answer before (`after`), 0 if
	                           none */
	char waits_for[256];    /* for the progress line: "server CLOSE_WAIT = 100 (98 so far)" */
};

struct ruling judge_rule(struct judge *j);

/* The verdict on what has been fed. A timeline that stops in a step (no EV_STEP end) is an ERROR.
 */
void judge_verdict(struct judge *j, struct verdict *ret);

/* How long the steps may take altogether, each up to its deadline. */
uint64_t judge_longest_ns(const struct scenario *s, unsigned hz);

/* The whole of it: a saved timeline to its verdict. */
void judge_timeline(const struct scenario *s, const struct timeline *t, struct verdict *ret);

#endif
