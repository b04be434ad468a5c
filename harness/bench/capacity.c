/* SPDX-License-Identifier: BSD-2-Clause */
#include "capacity.h"

#include "core/clock.h"
#include "core/wheel.h"

#include <math.h>

#define MINISOCKET_BYTES 256 /* struct tcp_timewait_sock, as slabinfo shows it */

static double seconds(uint64_t ns)
{
	return (double)ns / NS_PER_S;
}

static unsigned whole(double v)
{
	double up = ceil(v - 1e-9);

	return up > 4e9 ? 4000000000u : (unsigned)up;
}

struct capacity_answer capacity(const struct capacity_question *q)
{
	struct window w = wheel_window(q->held_ns, q->hz);
	struct capacity_answer a = {.lo_ns = w.lo_ns, .hi_ns = w.hi_ns};
	double pairs = (double)q->sources * q->destinations;
	double held, lasting;

	lasting = q->rate * seconds(w.hi_ns); /* what may be taken again stays until it is */
	/* No timer decides on a reuse: connect() looks at how old the TIME_WAIT is. */
	if (q->reuse_ns && q->reuse_ns < w.lo_ns)
		a.lo_ns = a.hi_ns = w.lo_ns = w.hi_ns = q->reuse_ns;
	held = seconds(w.hi_ns);
	a.ports = q->port_hi - q->port_lo + 1 - q->reserved;
	a.tuples = a.ports * pairs;
	a.steady_lo = q->rate * seconds(w.lo_ns);
	a.steady_hi = q->rate * held;
	a.rate_max = a.tuples / held;
	a.rate_half = a.rate_max / 2;
	a.at_most = a.buckets_needed = fmin(lasting, a.tuples);
	a.capped = (double)q->buckets < a.at_most;
	if (a.capped) {
		a.at_most = (double)q->buckets;
		a.capped_s = a.at_most / q->rate;
	}
	a.enough = a.capped || a.steady_hi <= a.tuples;
	a.full_s = a.tuples / q->rate;
	a.pairs = whole(a.steady_hi / a.ports);
	a.ports_needed = whole(a.steady_hi / pairs);
	a.memory_bytes = a.at_most * MINISOCKET_BYTES;
	return a;
}
