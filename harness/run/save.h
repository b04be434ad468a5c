/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run leaves with --out DIR: DIR/NAME/ipv4/{scenario.yaml, timeline.ndjson, wire.pcapng},
 * each file there whole or not at all.
 */
#ifndef LASTACK_SAVE_H
#define LASTACK_SAVE_H

#include "run/controller.h"

/* Makes DIR and finds out whether it can be written to. Before any cell is built. */
int save_prepare(const char *dir, struct err *err);

int save_run(const char *dir, const struct plan *p, const struct run_order *o, struct err *err);

#endif
