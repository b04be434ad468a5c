/* SPDX-License-Identifier: BSD-2-Clause */
/* As if the cable were pulled at the host: its device says that the carrier is gone. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	passage_cut(p, p->rule->delay_ns, 1);
	return PASSAGE_ENDS;
}

const struct fault fault_carrier = {.apply = apply};
