/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment arrives more than once, the copies right behind each other. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	unsigned copies = p->rule->count ? p->rule->count : 1;

	while (copies--)
		passage_send(p);
	return PASSAGE_GOES_ON;
}

const struct fault fault_duplicate = {.apply = apply};
