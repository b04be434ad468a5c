/* SPDX-License-Identifier: BSD-2-Clause */
/* Matching and counting of rules: see wire_rules.h. */
#include "wire_rules.h"

#include "core/err.h"

#include <stdlib.h>

static int init_one(struct rule_state *s, const struct wire_rule *rule, struct err *err)
{
	s->rule = rule;
	s->fault = fault_find(rule->action);
	if (!s->fault)
		return err_set(err, ERR_INPUT, "the wire knows no fault \"%s\"", rule->action);
	if (s->fault->takes & TAKES_DELAY && !rule->delay_ns)
		return err_set(err, ERR_INPUT, "the fault \"%s\" needs a time", rule->action);
	return 0;
}

int rules_init(
        struct rules *r, const struct wire_rule *rules, size_t n, uint64_t seed, struct err *err)
{
	r->v = must(calloc(n + 1, sizeof *r->v));
	r->n = n;
	r->seed = seed;
	for (size_t i = 0; i < n; i++) {
		if (init_one(&r->v[i], &rules[i], err)) {
			rules_free(r);
			return -1;
		}
	}
	return 0;
}

void rules_free(struct rules *r)
{
	free(r->v);
	r->v = NULL;
	r->n = 0;
}

static int selects(const struct segment_selector *s, const struct event *e)
{
	const struct ev_segment *g = &e->segment;

	if (s->from >= 0 && s->from != (int)e->host)
		return 0;
	if (s->role >= 0 && s->role != (int)g->role)
		return 0;
	return s->again < 0 || s->again == g->again;
}

/* splitmix64: each input gives an output that looks like chance. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Counts a selected segment; 1 when it is one of those to hit. */
static int counts(const struct wire_rule *rule, struct rule_count *n)
{
	n->seen++;
	if (n->seen <= rule->skip || (rule->times && n->hit >= rule->times))
		return 0;
	n->hit++;
	return 1;
}

int rules_hit(struct rules *r, const struct event *e, struct flow *c, uint64_t *ret_random)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rule_state *s = &r->v[i];
		struct rule_count *n = s->rule->in_total ? &s->total : &c->counts[i];

		if (!selects(&s->rule->select, e) || !counts(s->rule, n))
			continue;
		*ret_random = mix(mix(mix(r->seed + i) + c->connection) + n->seen);
		return (int)i;
	}
	return -1;
}
