/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_BENCH_OPTIONS_READ_H
#define LASTACK_BENCH_OPTIONS_READ_H

#include "options.h"

/* A reader for each row of the table. */
#define OPTION(name, arg, help, verbs, set)                                                        \
	int set(struct bench_options *o, const char *value, struct err *err);
#include "options.def"
#undef OPTION

#endif
