/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events `lastack trace` shows, and as what: a line and a stack, or a JSON object. */
#ifndef LASTACK_TRACE_SHOW_H
#define LASTACK_TRACE_SHOW_H

#include "cmd/trace.h"
#include "cmd/trace_order.h"
#include "model/timeline.h"
#include "observe/bpf.h"

struct trace_show;

/* All three must outlive it. */
struct trace_show *trace_show_new(const struct trace_options *options,
        const struct timeline_head *head, struct trace_order *order);
void trace_show_free(struct trace_show *t); /* NULL is fine */

/* Puts the event among the lines, if it is wanted. `stack` may be NULL. */
void trace_show(struct trace_show *t, const struct event *e, const struct bpf_stack *stack);

/* How many were wanted so far. */
uint64_t trace_shown(const struct trace_show *t);

#endif
