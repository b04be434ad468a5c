/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments that were sent later arrive earlier. When none come, it goes by itself in the end. */
#include "fault.h"

#include "core/clock.h"

#define PATIENCE_NS NS_PER_S

static enum passage_end apply(struct passage *p)
{
	const struct wire_rule *r = p->rule;

	passage_send_behind(p, r->count ? r->count : 1, r->delay_ns ? r->delay_ns : PATIENCE_NS);
	return PASSAGE_ENDS;
}

const struct fault fault_reorder = {.apply = apply};
