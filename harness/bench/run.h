/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_BENCH_RUN_H
#define LASTACK_BENCH_RUN_H

#include "bench.h"

struct bench_stream;

/*
 * The run itself, where it takes place: inside the cell's runner, or (--against) right here.
 * `stream` may be NULL: OBSERVE_FULL is then done by dumps of the sockets.
 */
int bench_execute(const struct bench_config *c, struct bench_stream *stream,
        struct bench_result *ret, struct err *err);

/* Memory that the controller and the runner of a cell share; munmap() gives it back. */
void *bench_shared(size_t size, struct err *err);

/*
 * Calls work(arg) as the runner of a new cell and waits for it; what it leaves in shared memory
 * stays. SIGINT and SIGTERM go to the runner.
 */
int bench_in_cell(int (*work)(void *arg, struct err *err), void *arg, struct err *err);

/*
 * SIG_BLOCK or SIG_UNBLOCK for SIGINT and SIGTERM. They are blocked from before the first run until
 * the result is out, and let through only while a run can end for them: one that comes between two
 * runs waits for the next and is told by bench_asked_to_stop(), one that comes behind the last
 * takes nothing away.
 */
void bench_signals(int how);
int bench_asked_to_stop(void);

/* When all runs are over: one that still waits is gone, and the next one ends the program again. */
void bench_drop_signal(int sig);

/* Samples into fixed memory. */
void series_init(struct bench_series *s, uint64_t step_ns);
/* Whether a sample is wanted at this time. */
int series_due(const struct bench_series *s, uint64_t at_ns);
/* The last one may come right after another: that says nothing about the rate. */
int series_tells_rate(const struct bench_series *s, size_t i);
void series_add(struct bench_series *s, const struct bench_sample *sample);

#endif
