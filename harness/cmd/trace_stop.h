/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When `lastack trace` has to end: Ctrl-C, SIGTERM, or the end of --for. A descriptor tells it, so
 * that whoever waits for something else can wait for that too. One of a process.
 */
#ifndef LASTACK_TRACE_STOP_H
#define LASTACK_TRACE_STOP_H

#include "core/err.h"

#include <stdint.h>

/* From now on; `for_ns` 0: no end but by a signal. -1 with err. */
int trace_stop_begin(uint64_t for_ns, struct err *err);
void trace_stop_end(void); /* signals kill again */

/* Readable once it has to end, and from then on. -1 before the beginning. */
int trace_stop_fd(void);

int trace_stop_asked(void);

/* A second signal came: nothing more may be waited for. */
int trace_stop_insisted(void);

#endif
