/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum is wrong on arrival, so that the receiver drops the segment and counts it. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	p->seg->tcp[16] ^= 0x55;
	return PASSAGE_GOES_ON;
}

const struct fault fault_corrupt = {.apply = apply};
