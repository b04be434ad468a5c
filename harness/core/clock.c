/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

uint64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

struct timeval clock_timeval(uint64_t ns)
{
	uint64_t us = (ns + NS_PER_US - 1) / NS_PER_US;

	return (struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};
}

static const struct {
	const char *name;
	double ns;
} units[] = {
        {"us", 1e3},
        {"ms", 1e6},
        {"s", 1e9},
        {"m", 60e9},
        {"h", 3600e9},
};

int duration_parse(const char *text, uint64_t *ret_ns)
{
	char *end;
	double n;

	if (!(*text >= '0' && *text <= '9')) /* strtod would take "inf", "nan", signs and blanks */
		return -1;
	n = strtod(text, &end);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return -1;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(end, units[i].name))
			continue;
		if (n * units[i].ns > 365.0 * 86400e9)
			return DURATION_TOO_LONG;
		*ret_ns = (uint64_t)llround(n * units[i].ns);
		return 0;
	}
	return -1;
}

const char *duration_format(uint64_t ns, char *buf, size_t size)
{
	double v = (double)ns;

	if (ns >= NS_PER_S)
		snprintf(buf, size, "%.5g s", v / 1e9);
	else if (ns >= NS_PER_MS)
		snprintf(buf, size, "%.4g ms", v / 1e6);
	else
		snprintf(buf, size, "%.4g us", v / 1e3);
	return buf;
}

unsigned clock_hz(void)
{
	struct timespec t;

	clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return (unsigned)((NS_PER_S + (uint64_t)t.tv_nsec / 2) / (uint64_t)t.tv_nsec);
}
