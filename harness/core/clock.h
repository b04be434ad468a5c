/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: only CLOCK_MONOTONIC, only from here, always in nanoseconds. */
#ifndef LASTACK_CLOCK_H
#define LASTACK_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

uint64_t clock_now_ns(void);

struct timeval; /* for libevent timers; rounds up, so that a timer is never early */
struct timeval clock_timeval(uint64_t ns);

/*
 * "250us", "1.5s", "200ms", "1m": to *ret_ns. 0, or -1 when it is no duration, or
 * DURATION_TOO_LONG when it is longer than a year of 365 days.
 */
#define DURATION_TOO_LONG (-2)
int duration_parse(const char *text, uint64_t *ret_ns);

/* The shortest exact-enough form: "60 s", "216 ms", "12.3 us". Returns buf. */
const char *duration_format(uint64_t ns, char *buf, size_t size);

/* Timer interrupts per second, from the resolution of the coarse clock (1/HZ). */
unsigned clock_hz(void);

#endif
