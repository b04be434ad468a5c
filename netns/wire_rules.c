/* SPDX-License-Identifier: BSD-2-Clause */
/* Matching and counting of rules: see wire_rules.h. */
#include "wire_rules.h"

#include "core/err.h"

#include <stdlib.h>

/* The parameters that a rule carries. A segment to put in is always there: zero is a role. */
static unsigned carried(const struct wire_rule *r)
{
	return (r->delay_ns ? RULE_BY : 0u) | (r->jitter_ns ? RULE_JITTER : 0u) |
	       (r->count ? RULE_COUNT : 0u) | (r->rate ? RULE_RATE : 0u) |
	       (r->bytes ? RULE_BYTES : 0u) | (r->set.what ? RULE_SET : 0u) | RULE_SEGMENT;
}

static const char *const parameter_names[] = {
#define PARAMETER_NAME(id, key) key,
        RULE_PARAMETERS(PARAMETER_NAME)
#undef PARAMETER_NAME
};

static int init_one(struct rule_state *s, const struct wire_rule *rule, struct err *err)
{
	const struct fault_row *row = fault_find(rule->action);
	unsigned lacks;

	if (!row)
		return err_set(err, ERR_INPUT, "the wire knows no fault \"%s\"", rule->action);
	lacks = row->needs & ~carried(rule);
	if (lacks)
		return err_set(err, ERR_INPUT, "the fault \"%s\" needs \"%s\"", rule->action,
		        parameter_names[__builtin_ctz(lacks)]);
	s->rule = rule;
	s->fault = row->fault;
	s->fate = row->fate;
	s->off = rule->off;
	return 0;
}

int rules_init(struct rules *r, const struct wire_rule *rules, size_t n, uint64_t seed,
        uint64_t now_ns, struct err *err)
{
	r->v = must(calloc(n + 1, sizeof *r->v));
	r->n = n;
	r->seed = seed;
	r->began_ns = now_ns;
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

static int within(const struct bounds *b, int64_t v)
{
	return !b->on || (v >= b->lo && v <= b->hi);
}

static int numbers_fit(const struct segment_selector *s, const struct rules *r,
        const struct event *e, const struct flow *c)
{
	const struct ev_segment *g = &e->segment;
	const struct half *sender = &c->half[e->host];

	if (s->seq.on && (!sender->syn || !within(&s->seq, (int32_t)(g->seq - sender->isn))))
		return 0;
	return within(&s->ordinal, g->ordinal) && within(&s->length, g->length) &&
	       within(&s->age_ns, (int64_t)(e->t_ns - c->began_ns)) &&
	       within(&s->time_ns, (int64_t)(e->t_ns - r->began_ns));
}

static int ends_fit(const struct segment_selector *s, const struct event *e, const struct flow *c)
{
	for (int h = 0; h < 2; h++)
		if (s->state[h] && s->state[h] != c->state[h])
			return 0;
	if (s->port && s->port != e->tuple.local.port && s->port != e->tuple.remote.port)
		return 0;
	return !s->connection || s->connection == c->connection;
}

static int selects(const struct segment_selector *s, const struct rules *r, const struct event *e,
        const struct flow *c)
{
	const struct ev_segment *g = &e->segment;

	if (s->from >= 0 && s->from != (int)e->host)
		return 0;
	if (s->role >= 0 && s->role != (int)g->role)
		return 0;
	if (!segment_sent_fits(s->again, g->probe ? SENT_PROBE : !!g->again))
		return 0;
	if ((g->flags & s->flags_on) != s->flags_on || g->flags & s->flags_off)
		return 0;
	return ends_fit(s, e, c) && numbers_fit(s, r, e, c);
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
static int counts(const struct wire_rule *rule, struct rule_count *n, uint64_t random)
{
	n->seen++;
	if (n->seen <= rule->skip || (rule->times && n->hit >= rule->times))
		return 0;
	if (rule->every > 1 && (n->seen - rule->skip - 1) % rule->every)
		return 0;
	/* The upper 53 bits make a number from 0 to 1. */
	if (rule->probability > 0 && (double)(random >> 11) * 0x1p-53 >= rule->probability)
		return 0;
	n->hit++;
	return 1;
}

int rules_hit(struct rules *r, const struct event *e, struct flow *c, uint64_t *ret_random)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rule_state *s = &r->v[i];
		struct rule_count *n = s->rule->in_total ? &s->total : &c->counts[i];
		uint64_t random;

		if (s->off || !selects(&s->rule->select, r, e, c))
			continue;
		if (s->fault->needs_payload && !e->segment.length)
			continue;
		random = mix(
		        mix(mix(r->seed + i) + (s->rule->in_total ? 0 : c->connection)) + n->seen);
		if (!counts(s->rule, n, random))
			continue;
		*ret_random = mix(random);
		return (int)i;
	}
	return -1;
}
