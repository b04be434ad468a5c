/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernels of the two hosts count, read by the main thread. TIME_WAIT comes from sockstat,
 * which keeps a counter: reading it costs microseconds with a million of them. The file stays that
 * of the namespace in which it was opened.
 */
#ifndef LASTACK_BENCH_WATCH_H
#define LASTACK_BENCH_WATCH_H

#include "lab.h"
#include "observe/sock_diag.h"

struct watch {
	const struct bench_lab *lab;
	int sockstat[2], sockstat6[2];
	struct sock_diag *diag[2]; /* OBSERVE_FULL, or to find out what was full */
};

int watch_open(struct watch *w, const struct bench_lab *lab, struct err *err);
void watch_close(struct watch *w);

/* Minisockets (TIME_WAIT and orphaned FIN_WAIT_2) of a side, 0 when it cannot be read. */
uint64_t watch_time_wait(const struct watch *w, enum bench_side side);

/* Sockets of a side that are in the kernel's tables, listeners included, minisockets not. */
uint64_t watch_sockets(const struct watch *w, enum bench_side side);

/* All counters of both sides. */
int watch_counts(const struct watch *w, struct bench_counts ret[2], struct err *err);

/* States of both sides by a dump. */
int watch_states(struct watch *w, struct bench_sample *ret, struct err *err);

/* How many ports from `f->from` to `f->to` are held, and by what. */
int watch_full(struct watch *w, struct bench_full *f, struct err *err);

#endif
