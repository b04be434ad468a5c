/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment is kept back until a step releases it. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	passage_hold(p);
	return PASSAGE_ENDS;
}

const struct fault fault_hold = {.apply = apply};
