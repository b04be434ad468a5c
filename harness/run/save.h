/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run leaves with --out DIR: DIR/NAME/ipv4/{scenario.yaml, timeline.ndjson, wire.pcapng},
 * each file there whole or not at all.
 */
#ifndef LASTACK_SAVE_H
#define LASTACK_SAVE_H

#include "run/controller.h"

/*
 * Makes DIR, finds out whether it can be written to, and takes away what an earlier run of the same
 * scenarios over the same family left there. Before any cell is built. -1 with err, and before
 * anything is made or taken away when two scenarios have one name: they would go to one place.
 */
int save_prepare(const char *dir, const struct plan *plans, size_t n, struct err *err);

int save_run(const char *dir, const struct plan *p, const struct run_order *o, struct err *err);

#endif
