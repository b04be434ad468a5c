/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a sender's retransmission timeout (RFC 6298 sections 2 and 5;
 * net/ipv4/tcp_timer.c and tcp_output.c), from its sysctls and from the segments that the wire saw.
 *
 * The timeout R is srtt + max(RTO_MIN, 4 rttvar) in whole jiffies, RTO_MIN being 200 ms
 * (TCP_RTO_MIN, or the sender's net.ipv4.tcp_rto_min_us). Each timeout sends the segment again and
 * doubles R, up to RTO_MAX (120 s, or net.ipv4.tcp_rto_max_ms). A tail loss probe P may come first:
 * after 2 srtt + RTO_MIN when the segment is all that is in flight, after 2 srtt + 2 jiffies
 * otherwise, but never later than R. It doubles nothing, and R runs anew from it.
 *
 * The wire does not see R. It is at least RTO_MIN, and at most what the longest round trip before
 * makes of it, as srtt and rttvar are averages of round trips.
 */
#ifndef LASTACK_RTO_H
#define LASTACK_RTO_H

#include "ledger.h"

#include "core/clock.h"
#include "core/wheel.h"

#define RTO_MIN_NS (200 * NS_PER_MS)
#define RTO_MAX_NS (120 * NS_PER_S)

struct rto {
	uint64_t at_ns; /* sysctls count that were set by then */
	unsigned hz;
	uint64_t jiffy_ns;
	uint64_t min_ns, most_ns, max_ns; /* R is within [min, most], what it grows to within max */
	int alone; /* nothing that was sent before waits to be acknowledged */
	int may_probe;
	struct window probe;
	uint64_t late_ns; /* the first timeout may come later by that */
};

/* Of the segment at place `first` of its connection; it was not sent again before place `next`. */
struct rto rto_of(const struct ledger *l, const struct ledger_wire *w, size_t first, size_t next);

/* As it is before a round trip was measured, with the sysctls of that moment. */
struct rto rto_unmeasured(const struct ledger *l, enum host h, uint64_t at_ns);

/* A timeout that was `rto_ns` at first, after so many doublings. */
uint64_t rto_after_ns(const struct rto *r, uint64_t rto_ns, size_t doublings);

/*
 * A sysctl of a host as the scenario, the command line and the steps had set it by then, or
 * `otherwise`. One that is set while a timer runs is not known to count for it.
 */
uint64_t rto_sysctl(
        const struct ledger *l, enum host h, const char *name, uint64_t at_ns, uint64_t otherwise);

#endif
