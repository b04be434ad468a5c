/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment never arrives. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	(void)p;
	return PASSAGE_ENDS;
}

const struct fault fault_drop = {.apply = apply};
