/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the payload is missing. A FIN goes with it, since it stood behind the last byte. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	if (p->rule->bytes < p->seg->length)
		segment_cut(p->seg, p->rule->bytes);
	return PASSAGE_GOES_ON;
}

const struct fault fault_truncate = {.needs_payload = 1, .apply = apply};
