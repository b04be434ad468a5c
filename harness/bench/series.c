/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include <string.h>

void series_init(struct bench_series *s, uint64_t step_ns)
{
	memset(s, 0, sizeof *s);
	s->step_ns = step_ns;
}

int series_due(const struct bench_series *s, uint64_t at_ns)
{
	return !s->n || at_ns >= s->v[s->n - 1].at_ns + s->step_ns - s->step_ns / 4;
}

int series_tells_rate(const struct bench_series *s, size_t i)
{
	return i < 2 || s->v[i].at_ns - s->v[i - 1].at_ns >= s->step_ns / 2;
}

void series_add(struct bench_series *s, const struct bench_sample *sample)
{
	if (s->n == BENCH_SAMPLES) {
		s->n /= 2;
		for (size_t i = 0; i < s->n; i++)
			s->v[i] = s->v[2 * i + 1];
		s->step_ns *= 2;
	}
	s->v[s->n++] = *sample;
}
