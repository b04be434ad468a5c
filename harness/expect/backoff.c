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
#include "round_trip.h"

#include <string.h>

#define RTO_MIN_NS (200 * NS_PER_MS)
#define RTO_MAX_NS (120 * NS_PER_S)
#define STAMP_NS   NS_PER_MS
#define LATE_NS    ((int64_t)WHEEL_LATE_NS)

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
	uint64_t rtt = round_trip_longest(l, w, (enum host)first->from, at[1]);
	struct rule r = {.hz = l->head->hz, .jiffy_ns = NS_PER_S / l->head->hz};
	uint64_t least, spread;
	int alone = segment_alone(w, at[0]);

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
	r.late_ns = alone ? 0 : segment_set_anew_ns(l, w, at[0], at[1]);
	r.probe = (struct window){least, wheel_window_seen(r.most_ns, r.hz).hi_ns + r.late_ns};
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
		if (g[k].lo_ns >
		        wheel_window_seen(timeout_ns(r, rto, k), r->hz).hi_ns + (k ? 0 : first))
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
	ret_next->hi_ns =
	        wheel_window_seen(timeout_ns(r, longest, n), r->hz).hi_ns + (n ? 0 : first_late);
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
