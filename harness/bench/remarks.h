/* SPDX-License-Identifier: BSD-2-Clause */
/* What a result has against itself, as notes: nobody should have to find it between the numbers. */
#ifndef LASTACK_BENCH_REMARKS_H
#define LASTACK_BENCH_REMARKS_H

#include "bench.h"

/* Of a run whose workers have ended and are added up. */
void bench_remark(const struct bench_config *c, struct bench_result *r);

#endif
