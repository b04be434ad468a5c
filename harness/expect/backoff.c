/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ladder of retransmissions: the gaps go  R, 2R, 4R ...  or  P, R, 2R, 4R ...  (rto.h) with one
 * R for all of them, and each timer of length T fires within [T, T + granule + jiffy] (core/wheel).
 * Never early; but a busy machine gets to its timers late, by up to LATE_NS.
 *
 * A gap is taken from the sender's own clock, the timestamps in both segments (1 ms each), so that
 * it does not matter how soon the wire reads a segment. Without timestamps there is only its
 * arrival, and each may be late by LATE_NS.
 */
#include "backoff.h"

#include "core/clock.h"
#include "rto.h"

#define STAMP_NS NS_PER_MS
#define LATE_NS  ((int64_t)WHEEL_LATE_NS)

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

/* The longest timeout with which no gap would have come too early. */
static uint64_t longest_rto(const struct rto *r, const struct gap *g, size_t n)
{
	uint64_t rto = r->most_ns;

	for (size_t k = 0; k < n; k++) {
		uint64_t most = k < 40 ? g[k].hi_ns >> k : 0;

		if (g[k].hi_ns < r->max_ns && most < rto)
			rto = most;
	}
	return rto / r->jiffy_ns * r->jiffy_ns;
}

/* Does this timeout explain that no gap is longer? `first`: what the first one may be late. */
static int none_too_long(
        const struct rto *r, const struct gap *g, size_t n, uint64_t rto, uint64_t first)
{
	for (size_t k = 0; k < n; k++)
		if (g[k].lo_ns >
		        wheel_window_seen(rto_after_ns(r, rto, k), r->hz).hi_ns + (k ? 0 : first))
			return 0;
	return 1;
}

/* The shortest such timeout, `longest` being one. */
static uint64_t shortest_rto(
        const struct rto *r, const struct gap *g, size_t n, uint64_t longest, uint64_t first)
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
static int climbs(const struct rto *r, const struct gap *g, size_t n, uint64_t first_late,
        struct window *ret_next)
{
	uint64_t longest = longest_rto(r, g, n), shortest;

	if (longest < r->min_ns || !none_too_long(r, g, n, longest, first_late))
		return 0;
	shortest = shortest_rto(r, g, n, longest, first_late);
	ret_next->lo_ns = rto_after_ns(r, shortest, n);
	ret_next->hi_ns =
	        wheel_window_seen(rto_after_ns(r, longest, n), r->hz).hi_ns + (n ? 0 : first_late);
	return 1;
}

/* The same with a probe before. */
static int climbs_after_probe(
        const struct rto *r, const struct gap *g, size_t n, struct window *ret_next)
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
static unsigned readings(const struct rto *r, const struct gap *g, size_t n, struct window *ret)
{
	unsigned open = (unsigned)climbs(r, g, n, r->late_ns, &ret[0]);

	return open + (unsigned)climbs_after_probe(r, g, n, &ret[open]);
}

int backoff_check(const struct ledger *l, const struct ledger_wire *w, const size_t *at, size_t n,
        struct backoff_fault *ret)
{
	struct rto r = rto_of(l, w, at[0], at[1]);
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
