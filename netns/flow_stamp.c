/* SPDX-License-Identifier: BSD-2-Clause */
/* When segments were sent, by the stamps that their senders give them (RFC 7323 section 3.2). */
#include "flow.h"

#include "core/clock.h"

#include <netinet/tcp.h>

void flow_note_sent(const struct segment *s, struct ev_segment *ret)
{
	unsigned length;
	const uint8_t *o = segment_option(s, TCPOPT_TIMESTAMP, &length);

	ret->has_sent = o && length == TCPOLEN_TIMESTAMP;
	ret->sent_ms = ret->has_sent ? load32(o + 2) : 0;
}

uint64_t flow_waited_ns(struct flow *c, const struct ev_segment *s, enum host sender, uint64_t t_ns)
{
	struct half *me = &c->half[sender];
	int64_t began, before = me->soonest_ns;

	if (!s->has_sent)
		return 0;
	if (!before)
		me->first_ms = s->sent_ms;
	began = (int64_t)t_ns - (int32_t)(s->sent_ms - me->first_ms) * (int64_t)NS_PER_MS;
	if (before && began >= before)
		return (uint64_t)(began - before);
	me->soonest_ns = began;
	return before ? (uint64_t)(before - began) : 0;
}
