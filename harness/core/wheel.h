/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a kernel timer really fires. The timer wheel (kernel/time/timer.c) has levels of 64 buckets,
 * each eight times as coarse as the one before; it rounds up to a bucket and never fires early.
 * A timer of length T fires in [T, T + granule + one jiffy].
 */
#ifndef LASTACK_WHEEL_H
#define LASTACK_WHEEL_H

#include <stdint.h>

struct window {
	uint64_t lo_ns, hi_ns;
};

/* The bucket width that a timer of this length falls into, at `hz` jiffies a second. */
uint64_t wheel_granule_ns(uint64_t length_ns, unsigned hz);

struct window wheel_window(uint64_t length_ns, unsigned hz);

/*
 * The same for what is seen to follow from the timer: a loaded machine gets to the softirq late, by
 * 5 to 40 ms as measured on two processors. Never early.
 */
#define WHEEL_LATE_NS 40000000ull
struct window wheel_window_seen(uint64_t length_ns, unsigned hz);

#endif
