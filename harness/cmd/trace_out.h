/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard output of `lastack trace`, whose reader may stop reading: a pager, a terminal after
 * Ctrl-S. It is waited for until trace_stop_asked(), and a second longer if it takes nothing; then
 * what is left is dropped.
 */
#ifndef LASTACK_TRACE_OUT_H
#define LASTACK_TRACE_OUT_H

#include <stdio.h>

struct trace_out;

struct trace_out *trace_out_new(void);

/* To write to. fflush() fails with errno when standard output cannot be written. */
FILE *trace_out_stream(struct trace_out *o);

/* Nobody reads: all that is still written is dropped. */
int trace_out_given_up(const struct trace_out *o);

/*
 * Writes the rest and frees it. The exit code: this one, or EXIT_LAB when not all was written,
 * which it says; an error (-1) stays one. That nobody reads any more (EPIPE) is no error.
 */
int trace_out_end(struct trace_out *o, int code);

#endif
