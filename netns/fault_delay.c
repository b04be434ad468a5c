/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment arrives later. It keeps back nothing else: what follows may overtake it. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	passage_send_after(p, p->rule->delay_ns);
	return PASSAGE_ENDS;
}

const struct fault fault_delay = {.fate = FATE_DELAYED, .takes = TAKES_DELAY, .apply = apply};
