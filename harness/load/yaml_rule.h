/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule of the wire while it is read: yaml_rule.c reads the whole, yaml_rule_fields.c its keys. */
#ifndef LASTACK_YAML_RULE_H
#define LASTACK_YAML_RULE_H

#include "yaml_internal.h"

struct rule_read {
	struct wire_rule rule;
	const yaml_node_t *action_at;
	size_t action; /* index into fault_names */
	const yaml_node_t *given[RULE_PARAMETER_COUNT];
};

#endif
