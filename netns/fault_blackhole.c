/* SPDX-License-Identifier: BSD-2-Clause */
/* As if the cable were pulled somewhere in between: neither host is told. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	passage_cut(p, p->rule->delay_ns, 0);
	return PASSAGE_ENDS;
}

const struct fault fault_blackhole = {.apply = apply};
