/* SPDX-License-Identifier: BSD-2-Clause */
/* What `lastack bench` does besides one run. Each does its work and writes its result to `out`. */
#ifndef LASTACK_BENCH_VERBS_H
#define LASTACK_BENCH_VERBS_H

#include "options.h"

#include <stdio.h>

int verb_run(const struct bench_options *o, FILE *out, struct err *err);
int verb_ports(const struct bench_options *o, FILE *out, struct err *err);
int verb_capacity(const struct bench_options *o, FILE *out, struct err *err);
int verb_sweep(const struct bench_options *o, FILE *out, struct err *err);

#endif
