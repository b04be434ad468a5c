/* SPDX-License-Identifier: BSD-2-Clause */
/* What an expectation wants, in words. An open end of a range is INT64_MIN or INT64_MAX. */
#ifndef LASTACK_RANGE_H
#define LASTACK_RANGE_H

#include "model/scenario.h"

#define RANGE_TEXT 64

/*
 * "100", "at least 90", "at most 5", "3 to 5"; durations: "200 ms to 300 ms", "60 s" for the length
 * of a kernel timer; "3 retransmissions", "as long as an orphan is kept". Returns buf.
 */
const char *range_format(const struct range *r, int is_duration, char *buf, size_t size);

/* Is it one that a FIN and its acknowledgement end? Then only the segments tell how long it is. */
int range_is_of_fin(const struct range *r);

int range_holds(const struct range *r, int64_t value);

#endif
