/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment passes, and one that nobody sent follows it, or goes back to its sender. */
#include "fault.h"

static unsigned flags_of(enum segment_role role)
{
	switch (role) {
	case ROLE_SYN:
		return SEG_SYN;
	case ROLE_RST:
		return SEG_RST | SEG_ACK;
	case ROLE_FIN:
		return SEG_FIN | SEG_ACK;
	case ROLE_DATA:
		return SEG_PSH | SEG_ACK;
	case ROLE_ACK:
	case ROLE_SYN_ACK:
	case ROLE_HANDSHAKE_ACK:
	case ROLE_ACK_OF_FIN:
	case ROLE_LAST_ACK:
	case ROLE_CHALLENGE_ACK:
	case ROLE_KEEPALIVE_PROBE:
	case ROLE_WINDOW_PROBE:
	case ROLE_ZERO_WINDOW:
	case ROLE_COUNT:
		break;
	}
	return SEG_ACK;
}

/* A SYN repeats the one that began the connection; all else continues where the sender stands. */
static struct segment_form form_of(const struct passage *p)
{
	const struct wire_rule *r = p->rule;
	enum host sender = r->back ? !p->event->host : p->event->host;
	const struct half *me = &p->flow->half[sender], *other = &p->flow->half[!sender];
	uint32_t seq = me->known ? me->next : other->acked;

	if (r->inject == ROLE_SYN && me->syn)
		seq = me->isn;
	return (struct segment_form){.sender = sender,
	        .flags = flags_of(r->inject),
	        .seq = seq + (uint32_t)r->offset,
	        .ack = r->inject == ROLE_SYN ? 0 : other->next,
	        .window = (uint16_t)(me->window ? me->window : 1024),
	        .length = r->inject == ROLE_DATA && !r->bytes ? 1 : r->bytes};
}

static enum passage_end apply(struct passage *p)
{
	struct segment_form f = form_of(p);
	uint8_t packet[PACKET_ROOM];
	struct segment s;

	passage_send(p);
	segment_build(packet, p->flow, &f, &s);
	passage_inject(p, &s, p->rule->inject, f.sender, p->rule->delay_ns);
	return PASSAGE_ENDS;
}

const struct fault fault_inject = {.apply = apply};
