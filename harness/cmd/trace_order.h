/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines in the order of their times. What is known only in hindsight, or comes from another
 * processor's lane, is told a little late; so every line waits until nothing older can come.
 */
#ifndef LASTACK_TRACE_ORDER_H
#define LASTACK_TRACE_ORDER_H

#include <stdint.h>
#include <stdio.h>

struct trace_order;

struct trace_order *trace_order_new(void);
void trace_order_free(struct trace_order *o); /* NULL is fine; what waits is lost */

/* Takes the text, which free() ends: one or more whole lines. */
void trace_order_put(struct trace_order *o, uint64_t t_ns, char *text);

/* Writes what is older than `until_ns`. */
void trace_order_write(struct trace_order *o, uint64_t until_ns, FILE *out);

#endif
