/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment arrives twice, one copy right behind the other. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	passage_send(p);
	return PASSAGE_GOES_ON;
}

const struct fault fault_duplicate = {.fate = FATE_DUPLICATED, .apply = apply};
