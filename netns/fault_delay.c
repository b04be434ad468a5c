/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment arrives later. It keeps back nothing else: what follows may overtake it. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	uint64_t jitter = p->rule->jitter_ns;

	passage_send_after(p, p->rule->delay_ns + (jitter ? p->random % (jitter + 1) : 0));
	return PASSAGE_ENDS;
}

const struct fault fault_delay = {.apply = apply};
