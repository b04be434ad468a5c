/* SPDX-License-Identifier: BSD-2-Clause */
/* What the segments of a connection show of its round trips: see round_trip.h. */
#include "round_trip.h"

#include "core/clock.h"

#define STAMP_NS   NS_PER_MS
#define UNKNOWN_NS (120 * NS_PER_S) /* held, or queued: longer than any timeout, so no bound */

static int seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint32_t end_of(const struct ledger_segment *g)
{
	return g->seq + g->length + !!(g->flags & SEG_SYN) + !!(g->flags & SEG_FIN);
}

static int arrives(const struct ledger_segment *g)
{
	return g->fate != FATE_DROPPED && g->fate != FATE_CORRUPTED && g->fate != FATE_TRUNCATED;
}

/* How much later than it came to the wire it reached the other side, at most. */
static uint64_t delay_ns(const struct ledger *l, const struct ledger_segment *g)
{
	const struct wire_rule *r;

	if (g->fate == FATE_PASSED || g->fate == FATE_DUPLICATED || g->fate == FATE_REWRITTEN)
		return 0;
	if (g->fate != FATE_DELAYED || g->rule < 0 || (size_t)g->rule >= l->scenario->rules.n)
		return UNKNOWN_NS;
	r = &l->scenario->rules.v[g->rule];
	return r->delay_ns ? r->delay_ns + r->jitter_ns : UNKNOWN_NS;
}

/*
 * When a segment was sent, on our clock: its own stamp, from where the stamps begin. That is learnt
 * from the segment that came to the wire the soonest.
 */
struct sender {
	enum host host;
	int stamped;
	uint32_t first_ms;
	int64_t first_ns;
};

static struct sender sender_of(const struct ledger_wire *w, enum host h)
{
	struct sender s = {.host = h};

	array_each (const struct ledger_segment, g, &w->segments) {
		int64_t ns;

		if (g->from != h || !g->has_sent)
			continue;
		if (!s.stamped)
			s.first_ms = g->sent_ms;
		ns = (int64_t)g->t_ns - (int32_t)(g->sent_ms - s.first_ms) * (int64_t)NS_PER_MS;
		if (!s.stamped || ns < s.first_ns)
			s.first_ns = ns;
		s.stamped = 1;
	}
	return s;
}

static uint64_t sent_ns(const struct sender *s, const struct ledger_segment *g)
{
	if (!g->has_sent)
		return g->t_ns;
	return (uint64_t)(s->first_ns + (int32_t)(g->sent_ms - s->first_ms) * (int64_t)NS_PER_MS);
}

/* The next segment of the sender, from `i` to `until`, that waits for an acknowledgement beyond
 * `acked`. */
static size_t waiting(
        const struct ledger_wire *w, enum host sender, size_t i, size_t until, uint32_t acked)
{
	for (; i < until; i++) {
		const struct ledger_segment *g = &w->segments.v[i];

		if (g->from == sender && arrives(g) && end_of(g) != g->seq &&
		        seq_before(acked, end_of(g)))
			break;
	}
	return i;
}

static uint64_t round_trip(const struct ledger *l, const struct sender *s,
        const struct ledger_segment *sent, const struct ledger_segment *ack)
{
	int64_t ns = (int64_t)(ack->t_ns - sent_ns(s, sent));

	return (ns > 0 ? (uint64_t)ns : 0) + STAMP_NS + delay_ns(l, sent) + delay_ns(l, ack);
}

uint64_t round_trip_longest(
        const struct ledger *l, const struct ledger_wire *w, enum host h, size_t until)
{
	struct sender s = sender_of(w, h);
	const struct ledger_segment *v = w->segments.v;
	uint64_t longest = 0;
	size_t open = until;

	for (size_t i = 0; i < until; i++) {
		uint64_t ns;

		if (v[i].from == h) {
			if (open == until)
				open = waiting(w, h, i, i + 1, v[i].seq) == i ? i : until;
			continue;
		}
		if (open == until || !arrives(&v[i]) || !(v[i].flags & SEG_ACK) ||
		        seq_before(v[i].ack, end_of(&v[open])))
			continue;
		ns = round_trip(l, &s, &v[open], &v[i]);
		longest = ns > longest ? ns : longest;
		open = waiting(w, h, open + 1, i, v[i].ack);
		open = open == i ? until : open;
	}
	return longest;
}

uint64_t segments_apart_ns(const struct ledger_segment *a, const struct ledger_segment *b)
{
	int64_t ns = (int64_t)(b->t_ns - a->t_ns);

	if (a->has_sent && b->has_sent)
		ns = (int32_t)(b->sent_ms - a->sent_ms) * (int64_t)NS_PER_MS - (int64_t)STAMP_NS;
	return ns > 0 ? (uint64_t)ns : 0;
}

int segment_alone(const struct ledger_wire *w, size_t i)
{
	const struct ledger_segment *me = &w->segments.v[i];

	for (size_t k = i; k-- > 0;) {
		const struct ledger_segment *g = &w->segments.v[k];

		if (g->from != me->from && arrives(g) && g->flags & SEG_ACK &&
		        !seq_before(g->ack, me->seq))
			return 1;
	}
	return 0;
}

uint64_t segment_set_anew_ns(
        const struct ledger *l, const struct ledger_wire *w, size_t i, size_t next)
{
	const struct ledger_segment *me = &w->segments.v[i];
	uint64_t ns = 0;

	for (size_t k = i + 1; k < next; k++) {
		const struct ledger_segment *g = &w->segments.v[k];

		if (g->from != me->from && arrives(g) && g->t_ns > me->t_ns)
			ns = g->t_ns - me->t_ns + delay_ns(l, g);
	}
	return ns;
}
