/* SPDX-License-Identifier: BSD-2-Clause */
/* Too big for a link on the way, says ICMP (fragmentation needed, packet too big). */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	uint8_t packet[PACKET_ROOM];

	passage_answer(p, packet, icmp_build(packet, p->seg, ICMP_TOO_BIG, p->rule->bytes));
	return PASSAGE_ENDS;
}

const struct fault fault_too_big = {.apply = apply};
