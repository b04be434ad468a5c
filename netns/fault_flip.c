/* SPDX-License-Identifier: BSD-2-Clause */
/* One bit of the payload is changed, which one by the seed, and the checksum fits again. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	uint64_t bit = p->random % (p->seg->length * 8ull);

	p->seg->payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
	segment_checksum(p->seg);
	return PASSAGE_GOES_ON;
}

const struct fault fault_flip = {.needs_payload = 1, .apply = apply};
