/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket that waits for the acknowledgement of its FIN (FIN_WAIT_1, CLOSING, LAST_ACK) stays
 * until it comes, and the FIN is sent again at the timeouts of rto.h:
 *
 *   the FIN again for the nth time      R (2^n - 1), or after a probe P + R (2^(n-1) - 1); and the
 *                                       last round trip on top
 *   given up as an orphan               at the first timeout that comes B or later after the first
 *                                       retransmission (a probe is one), and is not the first
 * timeout
 *
 * The budget B is RTO_MIN (2^(n+1) - 1) for n = tcp_orphan_retries: see tcp_orphan_retries(),
 * tcp_model_timeout() and retransmits_timed_out() in net/ipv4/tcp_timer.c.
 */
#include "stay.h"

#include "core/clock.h"
#include "model/range.h"
#include "round_trip.h"
#include "rto.h"

#define ORPHAN_RETRIES 8 /* what 0 acts as */
#define DOUBLINGS      9 /* ilog2(RTO_MAX / RTO_MIN): more of them are worth RTO_MAX each */

struct window stay_bounds(const struct range *r, unsigned hz)
{
	if (r->kind == RANGE_TIMER)
		return wheel_window_seen((uint64_t)r->lo, hz);
	return (struct window){(uint64_t)(r->lo > 0 ? r->lo : 0),
	        r->hi < INT64_MAX ? (uint64_t)r->hi : UINT64_MAX};
}

/* ---- sums of timeouts ---- */

static struct window plus(struct window a, struct window b)
{
	return (struct window){a.lo_ns + b.lo_ns, a.hi_ns + b.hi_ns};
}

/* The timer that a timeout of `rto_ns`, after `doublings`, is. */
static struct window timer(const struct rto *r, uint64_t rto_ns, unsigned doublings)
{
	return wheel_window_seen(rto_after_ns(r, rto_ns, doublings), r->hz);
}

/* When timeout n, from 1, comes; a probe comes before all of them. 0: the FIN, or the probe. */
static struct window timeout(const struct rto *r, uint64_t rto_ns, int probed, unsigned n)
{
	struct window sum = {0, r->late_ns};

	if (probed)
		sum = r->probe;
	for (unsigned i = 0; i < n; i++)
		sum = plus(sum, timer(r, rto_ns, i));
	return sum;
}

static void widen(struct window *w, struct window by)
{
	if (by.lo_ns < w->lo_ns)
		w->lo_ns = by.lo_ns;
	if (by.hi_ns > w->hi_ns)
		w->hi_ns = by.hi_ns;
}

/* ---- sent again n times, and then heard ---- */

static struct window retransmitted(const struct rto *r, unsigned n)
{
	struct window w = {UINT64_MAX, 0};

	for (int probed = 0; probed <= r->may_probe; probed++) {
		widen(&w, timeout(r, r->min_ns, probed, n - (unsigned)probed));
		widen(&w, timeout(r, r->most_ns, probed, n - (unsigned)probed));
	}
	return w;
}

/* ---- given up ---- */

static uint64_t budget_ns(const struct ledger *l, enum host h)
{
	uint64_t n = rto_sysctl(l, h, "net.ipv4.tcp_orphan_retries", 0);

	n = n ? n : ORPHAN_RETRIES;
	if (n <= DOUBLINGS)
		return RTO_MIN_NS * ((2ull << n) - 1);
	return RTO_MIN_NS * ((2ull << DOUBLINGS) - 1) + (n - DOUBLINGS) * RTO_MAX_NS;
}

/* Which timeout ends it, the 2nd or a later one, if all timers are late, or none is. */
static unsigned last_timeout(const struct rto *r, uint64_t rto_ns, uint64_t budget, int late)
{
	struct window since = {0, 0}; /* the first one */
	unsigned n = 1;

	while ((late ? since.hi_ns : since.lo_ns) < budget)
		since = plus(since, timer(r, rto_ns, n++));
	return n;
}

static struct window given_up(const struct ledger *l, enum host h, const struct rto *r)
{
	struct window w = {UINT64_MAX, 0};
	uint64_t budget = budget_ns(l, h);
	uint64_t least = (r->min_ns / r->jiffy_ns + 1) * r->jiffy_ns; /* srtt is never zero */

	for (int probed = 0; probed <= r->may_probe; probed++)
		for (uint64_t rto = least; rto <= r->most_ns; rto += r->jiffy_ns)
			for (int late = 0; late <= 1; late++) {
				unsigned n = last_timeout(r, rto, budget, late);

				widen(&w, timeout(r, rto, probed, n));
			}
	return w;
}

static struct window computed(
        const struct ledger *l, enum host h, const struct range *r, const struct rto *rto)
{
	return r->kind == RANGE_GIVEN_UP ? given_up(l, h, rto)
	                                 : retransmitted(rto, (unsigned)r->lo);
}

/* ---- of one socket ---- */

/* The newest connection with its four-tuple, or NULL. */
static const struct ledger_wire *wire_of(const struct ledger *l, const struct ledger_socket *s)
{
	struct tuple client = s->host == HOST_CLIENT ? s->tuple : tuple_reversed(&s->tuple);
	const struct ledger_wire *found = NULL;

	for (const struct ledger_wire *w = l->wire; w; w = w->hh.next)
		if (tuple_equal(&w->tuple, &client))
			found = w;
	return found;
}

/* The host's next FIN from place i on; segments.n when there is none. */
static size_t next_fin(const struct ledger_wire *w, enum host h, size_t i)
{
	while (i < w->segments.n &&
	        (w->segments.v[i].role != ROLE_FIN || w->segments.v[i].from != h))
		i++;
	return i;
}

int stay_window(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        struct window *ret)
{
	const struct ledger_wire *w;
	struct rto rto;
	size_t fin;

	if (!range_is_of_fin(r)) {
		*ret = stay_bounds(r, l->head->hz);
		return 0;
	}
	if (!ledger_sees_segments(l)) {
		rto = rto_unmeasured(l, s->host);
		*ret = computed(l, s->host, r, &rto);
		return 0;
	}
	w = wire_of(l, s);
	fin = w ? next_fin(w, s->host, 0) : 0;
	if (!w || fin == w->segments.n)
		return -1;
	rto = rto_of(l, w, fin, next_fin(w, s->host, fin + 1));
	*ret = computed(l, s->host, r, &rto);
	if (r->kind == RANGE_RETRANSMITTED)
		ret->hi_ns += round_trip_longest(l, w, s->host, w->segments.n);
	return 0;
}

uint64_t stay_longest_ns(const struct ledger *l, enum host h, const struct range *r)
{
	struct rto rto;
	uint64_t ns;

	if (!range_is_of_fin(r)) {
		ns = stay_bounds(r, l->head->hz).hi_ns;
		return ns < UINT64_MAX ? ns : 0;
	}
	rto = rto_unmeasured(l, h);
	return computed(l, h, r, &rto).hi_ns;
}
