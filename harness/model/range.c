/* SPDX-License-Identifier: BSD-2-Clause */
#include "range.h"

#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define ONE_TEXT 32

static const char *one(int64_t v, int is_duration, char *buf)
{
	if (is_duration)
		return duration_format(v < 0 ? 0 : (uint64_t)v, buf, ONE_TEXT);
	snprintf(buf, ONE_TEXT, "%" PRId64, v);
	return buf;
}

const char *range_format(const struct range *r, int is_duration, char *buf, size_t size)
{
	char lo[ONE_TEXT], hi[ONE_TEXT];

	if (r->kind == RANGE_RETRANSMITTED) {
		snprintf(buf, size, "%" PRId64 " retransmission%s", r->lo, r->lo == 1 ? "" : "s");
		return buf;
	}
	if (r->kind == RANGE_GIVEN_UP) {
		snprintf(buf, size, "as long as an orphan is kept");
		return buf;
	}
	one(r->lo, is_duration, lo);
	one(r->hi, is_duration, hi);
	if (r->lo == r->hi)
		snprintf(buf, size, "%s", lo);
	else if (r->lo == INT64_MIN && r->hi == INT64_MAX)
		snprintf(buf, size, "anything");
	else if (r->hi == INT64_MAX)
		snprintf(buf, size, "at least %s", lo);
	else if (r->lo == INT64_MIN)
		snprintf(buf, size, "at most %s", hi);
	else
		snprintf(buf, size, "%s to %s", lo, hi);
	return buf;
}

int range_is_of_fin(const struct range *r)
{
	return r->kind == RANGE_RETRANSMITTED || r->kind == RANGE_GIVEN_UP;
}

int range_holds(const struct range *r, int64_t value)
{
	return value >= r->lo && value <= r->hi;
}
