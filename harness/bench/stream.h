/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every transition of every socket of both hosts while they run, from the kernel's own stream
 * (observe/bpf.h): how many sockets are in each state at any moment, and how long they stay.
 */
#ifndef LASTACK_BENCH_STREAM_H
#define LASTACK_BENCH_STREAM_H

#include "lab.h"

struct bench_stream;

/*
 * In the controller, before the cell: the programs must be loaded in the machine's own namespaces.
 * NULL with err when this machine has no stream.
 */
struct bench_stream *bench_stream_new(struct err *err);
void bench_stream_free(struct bench_stream *s);

/* In the cell, before its first socket. Stays are added to r->stay. */
int bench_stream_begin(struct bench_stream *s, const struct bench_lab *lab, unsigned pairs,
        struct bench_result *r, struct event_base *base, struct err *err);

/* Reads all that has happened so far. */
void bench_stream_catch_up(struct bench_stream *s);

/* The same, and fills in the states of both sides. */
void bench_stream_states(struct bench_stream *s, struct bench_sample *ret);

/* Records lost: the populations and stays are of the rest. */
uint64_t bench_stream_lost(struct bench_stream *s);

/* Before the event loop goes. */
void bench_stream_end(struct bench_stream *s);

#endif
