/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the ledger share: each keeps one kind of thing, and frees it. */
#ifndef LASTACK_LEDGER_INTERNAL_H
#define LASTACK_LEDGER_INTERNAL_H

#include "ledger.h"

/* Memory for a hash entry that cannot be had ends the program as elsewhere. */
#define NEW(type) must(calloc(1, sizeof(type)))

/* ledger_sockets.c */
void ledger_feed_state(struct ledger *l, const struct event *e, size_t index);
void ledger_feed_socket(struct ledger *l, const struct event *e, size_t index);
void ledger_feed_sample(struct ledger *l, const struct event *e, size_t index);
void ledger_feed_kernel(struct ledger *l, const struct event *e);
void ledger_free_sockets(struct ledger *l);

/* ledger_peers.c */
void ledger_feed_peer(struct ledger *l, const struct event *e, size_t index);
void ledger_free_peers(struct ledger *l);

/* ledger_wire.c */
int ledger_needs_wire(const struct scenario *s);
void ledger_feed_segment(struct ledger *l, const struct event *e);
void ledger_free_wire(struct ledger *l);

/* ledger_router.c */
void ledger_feed_conntrack(struct ledger *l, const struct event *e);
/* What the other end calls the connection that `h` calls `tuple`. */
struct tuple ledger_other_tuple(const struct ledger *l, enum host h, const struct tuple *tuple);
void ledger_free_router(struct ledger *l);

#endif
