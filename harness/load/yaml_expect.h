/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations while they are read: yaml_expect.c the hosts', yaml_expect_wire.c the wire's. */
#ifndef LASTACK_YAML_EXPECT_H
#define LASTACK_YAML_EXPECT_H

#include "yaml_internal.h"

/* What the readers of a map work on. */
struct wish {
	struct step *step;
	enum host host;
	const struct expectation_type *type; /* of a map: whose keys are read */
};

/* Puts an expectation on its step; what it points to is the step's from then on. */
struct expectation *wish_add(
        struct wish *w, const yaml_node_t *at, const char *kind, const char *key);

/* One pair of `wire`; `into` is a struct wish. */
int wire_wish(struct reader *r, const char *key, const yaml_node_t *at, const yaml_node_t *value,
        void *into);

#endif
