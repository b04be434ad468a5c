/* SPDX-License-Identifier: BSD-2-Clause */
/* Nobody listens there, says ICMP. */
#include "fault.h"

static enum passage_end apply(struct passage *p)
{
	uint8_t packet[PACKET_ROOM];

	passage_answer(p, packet, icmp_build(packet, p->seg, ICMP_PORT_UNREACHABLE, 0));
	return PASSAGE_ENDS;
}

const struct fault fault_unreachable = {.apply = apply};
