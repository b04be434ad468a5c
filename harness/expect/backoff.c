/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ladder of retransmissions (RFC 6298 section 5; net/ipv4/tcp_timer.c and tcp_output.c).
 *
 * The retransmission timeout R is srtt + max(RTO_MIN, 4 rttvar) in whole jiffies, RTO_MIN being
 * 200 ms (TCP_RTO_MIN, or the sender's net.ipv4.tcp_rto_min_us). Each timeout sends the segment
 * again and doubles R, up to RTO_MAX (120 s, or net.ipv4.tcp_rto_max_ms). A tail loss probe may
 * come first: after 2 srtt + RTO_MIN when the segment is all that is in flight, after 2 srtt + 2
 * jiffies otherwise, but never later than R. It doubles nothing, and R runs anew from it.
 *
 * So the gaps are  R, 2R, 4R ...  or  P, R, 2R, 4R ...  with one R for all of them, and each timer
 * of length T fires within [T, T + granule + jiffy] (core/wheel). Never early; but a busy machine
 * gets to its timers late, by up to LATE_NS. Of R itself the wire knows that it is at least
 * RTO_MIN, and at most what the longest round trip before makes of it, as srtt and rttvar are
 * averages of round trips. A round trip is from when a segment was sent to when its acknowledgement
 * was let through.
 *
 * A gap is taken from the sender's own clock, the timestamps in both segments (1 ms each), so that
 * it does not matter how soon the wire reads a segment. Without timestamps there is only its
 * arrival, and each may be late by LATE_NS.
 */
#include "backoff.h"

#include "core/clock.h"

#include <string.h>

#define RTO_MIN_NS (200 * NS_PER_MS)
#define RTO_MAX_NS (120 * NS_PER_S)
#define STAMP_NS   NS_PER_MS
#define LATE_NS    (40 * NS_PER_MS) /* measured on two loaded processors: 5 to 40 ms */

struct gap gap_between(const struct ledger_segment *a, const struct ledger_segment *b)
{
	int64_t ns = (int64_t)(b->t_ns - a->t_ns), either = LATE_NS;

	if (a->has_sent && b->has_sent) {
		ns = (int64_t)(int32_t)(b->sent_ms - a->sent_ms) * (int64_t)NS_PER_MS;
		either = STAMP_NS;
	}
	return (struct gap){ns > either ? (uint64_t)(ns - either) : 0,
	        ns + either > 0 ? (uint64_t)(ns + either) : 0};
}

struct window gap_window(uint64_t length_ns, unsigned hz)
{
	struct window w = wheel_window(length_ns, hz);

	w.hi_ns += LATE_NS;
	return w;
}

/* ---- what the connection has shown before ---- */

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
		return RTO_MAX_NS;
	r = &l->scenario->rules.v[g->rule];
	return r->delay_ns ? r->delay_ns + r->jitter_ns : RTO_MAX_NS;
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

/* Of the segments before `until`. */
static uint64_t longest_round_trip(
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

/* Whatever of the sender came before segment `i` has been acknowledged before it. */
static int is_alone(const struct ledger_wire *w, size_t i)
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

/* An acknowledgement of what was sent before sets the timer anew: how long after segment `i` the
 * last one came, before segment `next`. */
static uint64_t set_anew_ns(
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

/* ---- the rule ---- */

/* What is known of the timeout and of the probe. */
struct rule {
	unsigned hz;
	uint64_t jiffy_ns;
	uint64_t min_ns, most_ns, max_ns; /* R is within [min, most], what it grows to within max */
	int may_probe;
	struct window probe;
	uint64_t late_ns; /* the first gap may be longer by that */
};

static uint64_t sysctl_of(const struct ledger *l, unsigned h, const char *name, uint64_t otherwise)
{
	array_each (const struct sysctl_setting, x, &l->scenario->hosts[h].sysctls)
		if (!strcmp(x->name, name))
			return strtoull(x->value, NULL, 10);
	return otherwise;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct rule rule_of(const struct ledger *l, const struct ledger_wire *w, const size_t *at)
{
	const struct ledger_segment *first = &w->segments.v[at[0]];
	uint64_t rtt = longest_round_trip(l, w, (enum host)first->from, at[1]);
	struct rule r = {.hz = l->head->hz, .jiffy_ns = NS_PER_S / l->head->hz};
	uint64_t least, spread;
	int alone = is_alone(w, at[0]);

	r.min_ns =
	        at_most(RTO_MAX_NS, NS_PER_US * sysctl_of(l, first->from, "net.ipv4.tcp_rto_min_us",
	                                                RTO_MIN_NS / NS_PER_US));
	r.max_ns =
	        at_most(RTO_MAX_NS, NS_PER_MS * sysctl_of(l, first->from, "net.ipv4.tcp_rto_max_ms",
	                                                RTO_MAX_NS / NS_PER_MS));
	rtt = at_most(rtt, r.max_ns);
	spread = 4 * rtt > r.min_ns ? 4 * rtt : r.min_ns;
	r.most_ns = at_most((rtt + spread + r.jiffy_ns - 1) / r.jiffy_ns * r.jiffy_ns, r.max_ns);
	r.may_probe = sysctl_of(l, first->from, "net.ipv4.tcp_early_retrans", 3) >= 3;
	least = alone ? at_most(r.min_ns, r.most_ns) : 2 * r.jiffy_ns;
	r.late_ns = alone ? 0 : set_anew_ns(l, w, at[0], at[1]);
	r.probe = (struct window){least, gap_window(r.most_ns, r.hz).hi_ns + r.late_ns};
	return r;
}

static uint64_t timeout_ns(const struct rule *r, uint64_t rto_ns, size_t doublings)
{
	while (doublings-- && rto_ns < r->max_ns)
		rto_ns *= 2;
	return at_most(rto_ns, r->max_ns);
}

/* The longest timeout with which no gap would have come too early. */
static uint64_t longest_rto(const struct rule *r, const struct gap *g, size_t n)
{
	uint64_t rto = r->most_ns;

	for (size_t k = 0; k < n; k++)
		if (g[k].hi_ns < r->max_ns)
			rto = at_most(rto, k < 40 ? g[k].hi_ns >> k : 0);
	return rto / r->jiffy_ns * r->jiffy_ns;
}

/* Does this timeout explain that no gap is longer? `first`: what the first one may be late. */
static int none_too_long(
        const struct rule *r, const struct gap *g, size_t n, uint64_t rto, uint64_t first)
{
	for (size_t k = 0; k < n; k++)
		if (g[k].lo_ns > gap_window(timeout_ns(r, rto, k), r->hz).hi_ns + (k ? 0 : first))
			return 0;
	return 1;
}

/* The shortest such timeout, `longest` being one. */
static uint64_t shortest_rto(
        const struct rule *r, const struct gap *g, size_t n, uint64_t longest, uint64_t first)
{
	uint64_t lo = r->min_ns / r->jiffy_ns, hi = longest / r->jiffy_ns;

	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if (none_too_long(r, g, n, mid * r->jiffy_ns, first))
			hi = mid;
		else
			lo = mid + 1;
	}
	return hi * r->jiffy_ns;
}

/* Do the first n gaps go R, 2R, 4R ...? If so, the window of the next one. */
static int climbs(const struct rule *r, const struct gap *g, size_t n, uint64_t first_late,
        struct window *ret_next)
{
	uint64_t longest = longest_rto(r, g, n), shortest;

	if (longest < r->min_ns || !none_too_long(r, g, n, longest, first_late))
		return 0;
	shortest = shortest_rto(r, g, n, longest, first_late);
	ret_next->lo_ns = timeout_ns(r, shortest, n);
	ret_next->hi_ns = gap_window(timeout_ns(r, longest, n), r->hz).hi_ns + (n ? 0 : first_late);
	return 1;
}

/* The same with a probe before. */
static int climbs_after_probe(
        const struct rule *r, const struct gap *g, size_t n, struct window *ret_next)
{
	if (!r->may_probe)
		return 0;
	if (!n) {
		*ret_next = r->probe;
		return 1;
	}
	if (g[0].hi_ns < r->probe.lo_ns || g[0].lo_ns > r->probe.hi_ns)
		return 0;
	return climbs(r, g + 1, n - 1, 0, ret_next);
}

/* The windows for gap n, by the readings that the gaps before leave open: how many. */
static unsigned readings(const struct rule *r, const struct gap *g, size_t n, struct window *ret)
{
	unsigned open = (unsigned)climbs(r, g, n, r->late_ns, &ret[0]);

	return open + (unsigned)climbs_after_probe(r, g, n, &ret[open]);
}

int backoff_check(const struct ledger *l, const struct ledger_wire *w, const size_t *at, size_t n,
        struct backoff_fault *ret)
{
	struct rule r = rule_of(l, w, at);
	ARRAY(struct gap) gaps = {0};
	struct window next[2];

	for (size_t i = 0; i + 1 < n; i++)
		array_push(&gaps, gap_between(&w->segments.v[at[i]], &w->segments.v[at[i + 1]]));
	for (ret->gap = 0; ret->gap < gaps.n; ret->gap++) {
		ret->n = readings(&r, gaps.v, ret->gap, ret->want);
		if (!readings(&r, gaps.v, ret->gap + 1, next))
			break;
	}
	n = gaps.n;
	array_free(&gaps);
	return ret->gap == n ? 0 : -1;
}
