/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations in words. */
#ifndef LASTACK_STORY_EXPECT_H
#define LASTACK_STORY_EXPECT_H

#include "model/scenario.h"
#include "prose.h"

/* One paragraph or two of one expectation, indented by `lead`. */
void story_expectation(struct prose *p, const struct expectation *x, unsigned hz, const char *lead);

#endif
