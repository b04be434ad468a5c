/* SPDX-License-Identifier: BSD-2-Clause */
/* What the segments of a connection show of its round trips, for whoever computes its timeouts. */
#ifndef LASTACK_ROUND_TRIP_H
#define LASTACK_ROUND_TRIP_H

#include "ledger.h"

/*
 * The longest round trip that host `h` can have measured before segment `until` came to the wire:
 * from when a segment was sent to when its acknowledgement was let through.
 */
uint64_t round_trip_longest(
        const struct ledger *l, const struct ledger_wire *w, enum host h, size_t until);

/*
 * How long after `a` a sender sent `b`, at least: by their stamps, as a queue on the way to the
 * wire tells nothing of the sender; without them by when they came to the wire.
 */
uint64_t segments_apart_ns(const struct ledger_segment *a, const struct ledger_segment *b);

/* Whatever of the sender came before segment `i` has been acknowledged before it. */
int segment_alone(const struct ledger_wire *w, size_t i);

/*
 * An acknowledgement of what was sent before sets the timer anew: how long after segment `i` the
 * last one came, before segment `next`.
 */
uint64_t segment_set_anew_ns(
        const struct ledger *l, const struct ledger_wire *w, size_t i, size_t next);

#endif
