/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rule hits a segment. Rules are tried in order; the first that hits is the only one that
 * acts on the segment, and those behind it do not count it: two rules for the first FIN, each once,
 * hit the first and the second.
 */
#ifndef LASTACK_WIRE_RULES_H
#define LASTACK_WIRE_RULES_H

#include "netns/fault.h"

struct rule_state {
	const struct wire_rule *rule;
	const struct fault *fault;
	enum segment_fate fate;
	int off;
	struct rule_count total;
	uint64_t memory[2]; /* of the fault, for each sender */
};

struct rules {
	struct rule_state *v;
	size_t n;
	uint64_t seed, began_ns;
};

/*
 * -1 with err: an action that is no fault, or one that lacks a parameter. Times are from `now_ns`
 * on.
 */
int rules_init(struct rules *r, const struct wire_rule *rules, size_t n, uint64_t seed,
        uint64_t now_ns, struct err *err);
void rules_free(struct rules *r);

/*
 * The index of the rule that hits this segment, counted for the rule and the connection; -1 when
 * none does. *ret_random is a number that depends on nothing but the seed, the rule, the connection
 * and the count.
 */
int rules_hit(struct rules *r, const struct event *e, struct flow *c, uint64_t *ret_random);

#endif
