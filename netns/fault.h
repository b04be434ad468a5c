/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fault of the wire is: a row of faults.def and a file of its own.
 *
 * When a rule hits a segment, the wire sets the segment's fate to the fault's, tells the listeners,
 * and calls apply(). That may change the segment, keep it, send more; when it returns
 * PASSAGE_GOES_ON the wire sends what the segment now is, with PASSAGE_ENDS it does nothing more.
 */
#ifndef LASTACK_FAULT_H
#define LASTACK_FAULT_H

#include "model/scenario.h"
#include "netns/flow.h"

/* A segment on its way through the wire. */
struct passage {
	struct wire *wire;
	struct segment *seg; /* its bytes may be changed in place */
	struct flow *flow;
	struct event *event;
	const struct wire_rule *rule;
	uint64_t random; /* of this rule, connection and hit: the same in every run with one seed */
};

enum passage_end { PASSAGE_ENDS, PASSAGE_GOES_ON };

/* Parameters of a rule, beyond those that select. */
enum fault_takes {
	TAKES_DELAY = 1, /* delay_ns, and not zero */
};

struct fault {
	enum segment_fate fate;
	unsigned takes; /* enum fault_takes */
	enum passage_end (*apply)(struct passage *p);
};

struct fault_row {
	const char *name, *help;
	const struct fault *fault;
};

extern const struct fault_row faults[]; /* ends with a row without a name */

const struct fault *fault_find(const char *name); /* NULL when there is none */

#define FAULT(name, help) extern const struct fault fault_##name;
#include "netns/faults.def"
#undef FAULT

/* What faults can do with a segment. All send to the other side than the segment came from. */

void passage_send(struct passage *p);                    /* as it is now, at once */
void passage_send_after(struct passage *p, uint64_t ns); /* a copy, then */
void passage_hold(struct passage *p);                    /* a copy, at wire_release() */

#endif
