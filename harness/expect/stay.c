/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket that waits for the acknowledgement of its FIN (FIN_WAIT_1, LAST_ACK) stays until it
 * comes, and the FIN is sent again at the timeouts of rto.h.
 *
 * - Sent again for the nth time: R (2^n - 1) after the FIN, or after a probe P + R (2^(n-1) - 1);
 *   and the last round trip comes on top.
 * - Given up as an orphan: at the soonest timeout that comes B or later after the first one. (A
 *   probe starts no clock.) B is RTO_MIN (2^(n+1) - 1) for n = tcp_orphan_retries, in which a
 *   timeout beyond RTO_MAX counts as RTO_MAX. With 0 the n is 8 while the timeout is below RTO_MAX;
 *   then none is left.
 *
 * See tcp_orphan_retries(), tcp_model_timeout() and retransmits_timed_out() in
 * net/ipv4/tcp_timer.c.
 */
#include "stay.h"

#include "core/clock.h"
#include "model/range.h"
#include "round_trip.h"
#include "rto.h"

#define ORPHAN_RETRIES 8 /* what 0 acts as */

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

/* The first one after the FIN: where other data waits too, it may have run before. */
static struct window first_timer(const struct rto *r, uint64_t rto_ns)
{
	struct window w = timer(r, rto_ns, 0);

	if (!r->alone)
		w.lo_ns = 0;
	w.hi_ns += r->late_ns;
	return w;
}

/* When timeout n, from 1, comes; a probe comes before all of them. 0: the FIN, or the probe. */
static struct window timeout(const struct rto *r, uint64_t rto_ns, int probed, unsigned n)
{
	struct window sum = {0, 0};

	if (probed)
		sum = r->probe;
	for (unsigned i = 0; i < n; i++)
		sum = plus(sum, i || probed ? timer(r, rto_ns, i) : first_timer(r, rto_ns));
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

static uint64_t retries(const struct ledger *l, enum host h, uint64_t at_ns)
{
	return rto_sysctl(l, h, "net.ipv4.tcp_orphan_retries", at_ns, 0);
}

static uint64_t budget_ns(const struct rto *r, uint64_t n)
{
	uint64_t doublings = 0;

	while (RTO_MIN_NS << (doublings + 1) <= r->max_ns)
		doublings++;
	n = n ? n : ORPHAN_RETRIES;
	if (n <= doublings)
		return RTO_MIN_NS * ((2ull << n) - 1);
	return RTO_MIN_NS * ((2ull << doublings) - 1) + (n - doublings) * r->max_ns;
}

/* How an orphan is given up. */
struct giving_up {
	const struct rto *r;
	uint64_t budget_ns;
	int at_max; /* a timeout of RTO_MAX is the last one, budget or not */
	int late;   /* all timers are late, or none is */
};

/* Which timeout ends it, the 2nd or a later one. */
static unsigned last_timeout(const struct giving_up *g, uint64_t rto_ns)
{
	struct window since = {0, 0}; /* the first one */
	unsigned n = 1;

	do {
		since = plus(since, timer(g->r, rto_ns, n));
		if (g->at_max && rto_after_ns(g->r, rto_ns, n) >= g->r->max_ns)
			return n + 1;
		n++;
	} while ((g->late ? since.hi_ns : since.lo_ns) < g->budget_ns);
	return n;
}

/* The longest R, from `lo` to `hi`, with which the same timeout is the last: longer ones mean
 * fewer. */
static uint64_t longest_alike(const struct giving_up *g, uint64_t lo, uint64_t hi)
{
	uint64_t jiffy = g->r->jiffy_ns, steps = (hi - lo) / jiffy, least = 0;
	unsigned n = last_timeout(g, lo);

	while (least < steps) {
		uint64_t middle = (least + steps + 1) / 2;

		if (last_timeout(g, lo + middle * jiffy) == n)
			least = middle;
		else
			steps = middle - 1;
	}
	return lo + least * jiffy;
}

static void widen_by(struct window *w, const struct giving_up *g, int probed)
{
	const struct rto *r = g->r;
	uint64_t rto = (r->min_ns / r->jiffy_ns + 1) * r->jiffy_ns; /* srtt is never zero */

	if (rto > r->most_ns)
		rto = r->most_ns;
	for (uint64_t longest; rto <= r->most_ns; rto = longest + r->jiffy_ns) {
		unsigned n = last_timeout(g, rto);

		longest = longest_alike(g, rto, r->most_ns);
		widen(w, timeout(r, rto, probed, n));
		widen(w, timeout(r, longest, probed, n));
	}
}

static struct window given_up(const struct ledger *l, enum host h, const struct rto *r)
{
	struct window w = {UINT64_MAX, 0};
	uint64_t n = retries(l, h, r->at_ns);

	for (int late = 0; late <= 1; late++)
		for (int probed = 0; probed <= r->may_probe; probed++) {
			struct giving_up g = {r, budget_ns(r, n), !n, late};

			widen_by(&w, &g, probed);
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

/* The host's next FIN from place i on; segments.n when there is none. */
static size_t next_fin(const struct ledger_wire *w, enum host h, size_t i)
{
	while (i < w->segments.n &&
	        (w->segments.v[i].role != ROLE_FIN || w->segments.v[i].from != h))
		i++;
	return i;
}

/*
 * The host's last FIN, from place `fin` on, that came to the wire before the stay had ended (NULL:
 * it hasn't); *ret_again: how many there are behind the first.
 */
static size_t last_fin(const struct ledger_wire *w, enum host h, size_t fin, const struct stay *out,
        int *ret_again)
{
	size_t next;

	*ret_again = 0;
	while ((next = next_fin(w, h, fin + 1)) < w->segments.n &&
	        (!out || w->segments.v[next].t_ns <= out->t_ns)) {
		fin = next;
		++*ret_again;
	}
	return fin;
}

/* What of a stay isn't the time from the FIN, at place `fin`, to when it was last sent. */
static uint64_t besides(const struct ledger_wire *w, enum host h, size_t fin, const struct stay *in,
        const struct stay *out)
{
	uint64_t lasted = out->since_ns > in->t_ns ? out->since_ns - in->t_ns : 0, apart;
	int again;
	size_t last = last_fin(w, h, fin, out, &again);

	apart = segments_apart_ns(&w->segments.v[fin], &w->segments.v[last]);
	return again && lasted > apart ? lasted - apart : 0;
}

int stay_window(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        const struct stay *in, const struct stay *out, struct window *ret)
{
	const struct ledger_wire *w;
	struct rto rto;
	size_t fin;

	if (!range_is_of_fin(r)) {
		*ret = stay_bounds(r, l->head->hz);
		return 0;
	}
	if (!ledger_sees_segments(l)) {
		rto = rto_unmeasured(l, s->host, in->t_ns);
		*ret = computed(l, s->host, r, &rto);
		return 0;
	}
	w = ledger_wire_of(l, s);
	fin = w ? next_fin(w, s->host, 0) : 0;
	if (!w || fin == w->segments.n)
		return -1;
	rto = rto_of(l, w, fin, next_fin(w, s->host, fin + 1));
	*ret = computed(l, s->host, r, &rto);
	if (r->kind == RANGE_RETRANSMITTED)
		ret->hi_ns = out ? ret->hi_ns + besides(w, s->host, fin, in, out) : UINT64_MAX;
	return 0;
}

int stay_miscounted(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        const struct stay *in, const struct stay *out)
{
	const struct ledger_wire *w;
	int told = s->fin_again[in->state], seen = 0, most;
	size_t fin;

	if (r->kind != RANGE_RETRANSMITTED)
		return -1;
	w = ledger_wire_of(l, s);
	fin = w ? next_fin(w, s->host, 0) : 0;
	if (w && fin < w->segments.n)
		last_fin(w, s->host, fin, out, &seen);
	most = told > seen ? told : seen;
	if (most > r->lo)
		return most;
	return out && told && most < r->lo ? most : -1;
}

uint64_t stay_longest_ns(const struct ledger *l, enum host h, const struct range *r)
{
	struct rto rto;
	uint64_t ns;

	if (!range_is_of_fin(r)) {
		ns = stay_bounds(r, l->head->hz).hi_ns;
		return ns < UINT64_MAX ? ns : 0;
	}
	rto = rto_unmeasured(l, h, UINT64_MAX);
	return computed(l, h, r, &rto).hi_ns;
}
