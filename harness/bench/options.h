/* SPDX-License-Identifier: BSD-2-Clause */
/* The words after `lastack bench`, from one table that the help is made of too. */
#ifndef LASTACK_BENCH_OPTIONS_H
#define LASTACK_BENCH_OPTIONS_H

#include "bench.h"

#include <stdio.h>

enum bench_verb {
	VERB_RUN = 1,
	VERB_PORTS = 2,
	VERB_CAPACITY = 4,
	VERB_SWEEP = 8,
	VERB_SERVE = 16
};
enum bench_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

#define SWEEP_MAX 16

/* One sysctl and the values to try. */
struct bench_sweep {
	char host[16], key[96];
	unsigned n;
	char value[SWEEP_MAX][128];
};

struct bench_options {
	enum bench_verb verb;
	struct bench_config config;
	enum bench_format format;
	const char *plot;
	unsigned repeat;
	uint64_t time_wait_ns;     /* capacity */
	unsigned port_lo, port_hi; /* capacity, ports: from --range, --set, or the kernel's */
	int verify;
	int help;       /* --help: nothing else has been read */
	uint64_t given; /* which rows of the table the user gave, a bit each */
	struct bench_sweep sweep;
};

/* argv[0] is "bench". */
int bench_options_parse(int argc, char **argv, struct bench_options *ret, struct err *err);
void bench_options_free(struct bench_options *o);

/* For `lastack help bench`; and for one verb, with the options that it takes. */
extern const char bench_options_help[];
void bench_options_print_help(FILE *out, enum bench_verb verb);

#endif
