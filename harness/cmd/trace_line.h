/* SPDX-License-Identifier: BSD-2-Clause */
/* How `lastack trace` writes one event: an aligned line for people. */
#ifndef LASTACK_TRACE_LINE_H
#define LASTACK_TRACE_LINE_H

#include "model/event.h"

#include <stdio.h>

/* Remembers when each socket came into its state. */
struct trace_ages;

struct trace_ages *trace_ages_new(void);
void trace_ages_free(struct trace_ages *a);

/* How long the socket of this EV_STATE was in the state it leaves, 0: nobody has seen it enter. */
uint64_t trace_ages_take(struct trace_ages *a, const struct event *e);

void trace_line_heading(FILE *out);

/* `age_ns`: of an EV_STATE, as from trace_ages_take(). */
void trace_line(FILE *out, const struct event *e, uint64_t origin_ns, uint64_t age_ns);

#endif
