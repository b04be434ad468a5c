/* SPDX-License-Identifier: BSD-2-Clause */
/* What an expectation wants, in words. An open end of a range is INT64_MIN or INT64_MAX. */
#ifndef LASTACK_RANGE_H
#define LASTACK_RANGE_H

#include "model/scenario.h"

#define RANGE_TEXT 64

/*
 * "100", "at least 90", "at most 5", "3 to 5"; durations: "200 ms to 300 ms", "60 s" for the length
 * of a kernel timer. Returns buf.
 */
const char *range_format(const struct range *r, int is_duration, char *buf, size_t size);

int range_holds(const struct range *r, int64_t value);

#endif
