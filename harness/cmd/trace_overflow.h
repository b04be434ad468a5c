/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYNs that a full accept queue refuses. No tracepoint tells of them, only the namespace's counter
 * ListenOverflows: what that has more than there were events is an event of its own, with the
 * number, and with the listener where only one is full at that moment.
 */
#ifndef LASTACK_TRACE_OVERFLOW_H
#define LASTACK_TRACE_OVERFLOW_H

#include "core/err.h"
#include "model/event.h"

struct trace_overflows;

/* For the caller's network namespace, from now on. NULL with err. */
struct trace_overflows *trace_overflows_new(struct err *err);
void trace_overflows_free(struct trace_overflows *o); /* NULL is fine */

/* The counter as it is now. First this, then all events until now, then trace_overflows_take(). */
void trace_overflows_look(struct trace_overflows *o);

/* An event that says KERNEL_OVERFLOW: it is counted, too. */
void trace_overflows_seen(struct trace_overflows *o);

/* 1 with an event when the look found more than was seen and taken. */
int trace_overflows_take(struct trace_overflows *o, struct event *ret);

#endif
