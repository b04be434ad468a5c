/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule of the wire while it is read: yaml_rule.c reads the whole, yaml_rule_fields.c its keys. */
#ifndef LASTACK_YAML_RULE_H
#define LASTACK_YAML_RULE_H

#include "yaml_internal.h"

struct rule_read {
	struct wire_rule rule;
	const yaml_node_t *action_at;
	const yaml_node_t *name_at, *length_at, *times_at, *in_total_at;
	size_t action; /* index into fault_names */
	const yaml_node_t *given[RULE_PARAMETER_COUNT];
};

/* yaml_rule_check.c; `n` is the rule */
int rule_check(struct reader *r, const yaml_node_t *n, const struct rule_read *rr);
/* Among the rules that were read before. */
int rule_check_name(struct reader *r, const struct rule_read *rr);

#endif
