/* SPDX-License-Identifier: BSD-2-Clause */
#include "rto.h"

#include "core/clock.h"
#include "round_trip.h"

#include <stdlib.h>
#include <string.h>

#define RTO_INITIAL_NS NS_PER_S /* RFC 6298 section 2.1; TCP_TIMEOUT_INIT */

static void look_among(const sysctls *settings, const char *name, const char **ret)
{
	array_each (const struct sysctl_setting, x, settings)
		if (!strcmp(x->name, name))
			*ret = x->value;
}

/* In the order in which they were set: the last counts. */
uint64_t rto_sysctl(
        const struct ledger *l, enum host h, const char *name, uint64_t at_ns, uint64_t otherwise)
{
	const char *value = NULL, *set = timeline_set_value(l->head, h, name);

	look_among(&l->scenario->hosts[h].sysctls, name, &value);
	if (set)
		value = set;
	for (size_t i = 0; i < l->steps_ns.n && l->steps_ns.v[i] <= at_ns; i++) {
		const struct step *st = &l->scenario->steps.v[i];

		if (st->action == DO_SYSCTL && (st->actor == h || st->actor == ACTOR_BOTH))
			look_among(&st->sysctls, name, &value);
	}
	return value ? strtoull(value, NULL, 10) : otherwise;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the sysctls alone say. */
static struct rto bounds_of(const struct ledger *l, enum host h, uint64_t at_ns)
{
	return (struct rto){
	        .at_ns = at_ns,
	        .hz = l->head->hz,
	        .jiffy_ns = NS_PER_S / l->head->hz,
	        .min_ns =
	                at_most(RTO_MAX_NS, NS_PER_US * rto_sysctl(l, h, "net.ipv4.tcp_rto_min_us",
	                                                        at_ns, RTO_MIN_NS / NS_PER_US)),
	        .max_ns =
	                at_most(RTO_MAX_NS, NS_PER_MS * rto_sysctl(l, h, "net.ipv4.tcp_rto_max_ms",
	                                                        at_ns, RTO_MAX_NS / NS_PER_MS)),
	        .may_probe = rto_sysctl(l, h, "net.ipv4.tcp_early_retrans", at_ns, 3) >= 3,
	};
}

struct rto rto_unmeasured(const struct ledger *l, enum host h, uint64_t at_ns)
{
	struct rto r = bounds_of(l, h, at_ns);

	r.alone = 1;
	r.most_ns =
	        at_most(r.max_ns, RTO_INITIAL_NS > 2 * r.min_ns ? RTO_INITIAL_NS : 2 * r.min_ns);
	r.probe = (struct window){r.min_ns, wheel_window_seen(r.most_ns, r.hz).hi_ns};
	return r;
}

struct rto rto_of(const struct ledger *l, const struct ledger_wire *w, size_t first, size_t next)
{
	enum host h = (enum host)w->segments.v[first].from;
	uint64_t rtt = round_trip_longest(l, w, h, next);
	struct rto r = bounds_of(l, h, w->segments.v[first].t_ns);
	uint64_t least, spread;

	rtt = at_most(rtt, r.max_ns);
	spread = 4 * rtt > r.min_ns ? 4 * rtt : r.min_ns;
	r.most_ns = at_most((rtt + spread + r.jiffy_ns - 1) / r.jiffy_ns * r.jiffy_ns, r.max_ns);
	r.alone = segment_alone(w, first);
	least = r.alone ? at_most(r.min_ns, r.most_ns) : 2 * r.jiffy_ns;
	r.late_ns = r.alone ? 0 : segment_set_anew_ns(l, w, first, next);
	r.probe = (struct window){least, wheel_window_seen(r.most_ns, r.hz).hi_ns + r.late_ns};
	return r;
}

uint64_t rto_after_ns(const struct rto *r, uint64_t rto_ns, size_t doublings)
{
	while (doublings-- && rto_ns < r->max_ns)
		rto_ns *= 2;
	return at_most(rto_ns, r->max_ns);
}
