/* SPDX-License-Identifier: BSD-2-Clause */
#include "wheel.h"

#include "clock.h"

#define LEVEL_BUCKETS 64
#define LEVEL_SHIFT   3
#define LEVELS        9

uint64_t wheel_granule_ns(uint64_t length_ns, unsigned hz)
{
	uint64_t jiffy = NS_PER_S / hz;
	uint64_t jiffies = (length_ns + jiffy - 1) / jiffy;
	unsigned level = 0;

	/* LVL_START(n): a timer this far away no longer fits level n - 1. */
	while (level + 1 < LEVELS && jiffies >= (uint64_t)(LEVEL_BUCKETS - 1)
	                                                << (level * LEVEL_SHIFT))
		level++;
	return jiffy << (level * LEVEL_SHIFT);
}

struct window wheel_window(uint64_t length_ns, unsigned hz)
{
	uint64_t jiffy = NS_PER_S / hz;

	return (struct window){length_ns, length_ns + wheel_granule_ns(length_ns, hz) + jiffy};
}

struct window wheel_window_seen(uint64_t length_ns, unsigned hz)
{
	struct window w = wheel_window(length_ns, hz);

	w.hi_ns += WHEEL_LATE_NS;
	return w;
}
