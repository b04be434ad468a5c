/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the parts of a rule of the wire fit each other. */
#include "yaml_rule.h"

#include <stdio.h>
#include <string.h>

#define MTU_LEAST 68 /* RFC 791 */

#define FAULT(name, fate, needs, takes, help) {needs, takes},
static const struct {
	unsigned needs, takes;
} fault_parameters[] = {
#include "netns/faults.def"
};
#undef FAULT

#define PARAMETER_KEY(id, key) key,
static const char *const parameter_keys[] = {RULE_PARAMETERS(PARAMETER_KEY)};
#undef PARAMETER_KEY

static int no_action(struct reader *r, const yaml_node_t *n)
{
	char names[512] = "";

	for (size_t i = 0; fault_names[i]; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
		        fault_names[i]);
	return reader_fail(r, n, "a rule without an action, expected one of %s", names);
}

static const char *how_written(const char *key)
{
	for (size_t i = 0; i < rule_fields_n; i++)
		if (!strcmp(rule_fields[i].key, key))
			return rule_fields[i].value;
	return "it";
}

/* What could never hit is a mistake. */
static int check_hits(struct reader *r, const struct rule_read *rr)
{
	const struct segment_selector *s = &rr->rule.select;
	int flips = !strcmp(rr->rule.action, "flip") || !strcmp(rr->rule.action, "truncate");
	int by_length = s->length.on && s->length.lo > 0;

	if ((flips || by_length) && s->role >= 0 && !segment_role_has_payload(s->role))
		return reader_fail(r, flips ? rr->action_at : rr->length_at,
		        "no %s has payload: this rule would never hit",
		        segment_role_names[s->role]);
	if (rr->rule.set.what & CHANGE_MSS && s->role >= 0 && s->role != ROLE_SYN &&
	        s->role != ROLE_SYN_ACK)
		return reader_fail(r, rr->given[RULE_INDEX_SET],
		        "no %s says a maximum segment size, expected syn or syn-ack",
		        segment_role_names[s->role]);
	if (!strcmp(rr->rule.action, "too_big") && rr->rule.bytes < MTU_LEAST)
		return reader_fail(r, rr->given[RULE_INDEX_BYTES],
		        "no link has so small an MTU, expected %d or more", MTU_LEAST);
	return 0;
}

int rule_check(struct reader *r, const yaml_node_t *n, const struct rule_read *rr)
{
	unsigned needs, takes;

	if (!rr->action_at)
		return no_action(r, n);
	needs = fault_parameters[rr->action].needs;
	takes = fault_parameters[rr->action].takes | needs;
	for (size_t i = 0; i < RULE_PARAMETER_COUNT; i++) {
		if (rr->given[i] && !(takes & 1u << i))
			return reader_fail(r, rr->given[i], "'%s' takes no '%s'", rr->rule.action,
			        parameter_keys[i]);
		if (!rr->given[i] && needs & 1u << i)
			return reader_fail(r, n, "'%s' without '%s', expected %s", rr->rule.action,
			        parameter_keys[i], how_written(parameter_keys[i]));
	}
	if (needs & RULE_BY && !rr->rule.delay_ns)
		return reader_fail(r, rr->given[RULE_INDEX_BY], "expected a time above 0");
	if (needs & RULE_BYTES && !rr->rule.bytes)
		return reader_fail(r, rr->given[RULE_INDEX_BYTES], "expected a number above 0");
	return check_hits(r, rr);
}

int rule_check_name(struct reader *r, const struct rule_read *rr)
{
	char w[QUOTED_TEXT];

	if (!rr->rule.name)
		return 0;
	array_each (const struct wire_rule, other, &r->scenario->rules)
		if (other->name && !strcmp(other->name, rr->rule.name))
			return reader_fail(r, rr->name_at,
			        "the rule in line %u is named %s, too, expected another name",
			        other->at.line, quoted(rr->rule.name, w, sizeof w));
	return 0;
}
