/* SPDX-License-Identifier: BSD-2-Clause */
/* Rulesets of nft that a benchmark's hosts get, to measure what they cost. */
#ifndef LASTACK_BENCH_RULESETS_H
#define LASTACK_BENCH_RULESETS_H

#include "bench.h"

/* HOST:FILE, read at once. */
int ruleset_parse(const char *value, struct bench_ruleset *ret, struct err *err);

/* Those of one side, in the namespace of the caller. */
int rulesets_run(const struct bench_config *c, enum bench_side side, struct err *err);

#endif
