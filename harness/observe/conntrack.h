/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of connections that a router keeps (ctnetlink), as events of kind EV_CONNTRACK: each
 * entry when it is made, when its state changes, and when it is gone.
 *
 * The kernel tells of changes as they happen. An entry whose time is up stays in the table unseen
 * until somebody looks at it, so whoever wants to know what is forgotten must dump, too.
 */
#ifndef LASTACK_OBSERVE_CONNTRACK_H
#define LASTACK_OBSERVE_CONNTRACK_H

#include "core/err.h"
#include "model/event.h"

struct conntrack;

/* In the namespace of the caller. `event` is called by the two readers, with t_ns of now. */
struct conntrack *conntrack_open(
        void (*event)(void *arg, struct event *e), void *arg, struct err *err);
void conntrack_close(struct conntrack *c); /* NULL is fine */

/* Becomes readable when something has changed. */
int conntrack_fd(const struct conntrack *c);

/* Reads the changes that are there, without waiting. 0 or -1. */
int conntrack_read(struct conntrack *c, struct err *err);

/* Has the kernel drop what has run out, and reads all changes until then. */
int conntrack_dump(struct conntrack *c, struct err *err);

/* One message of ctnetlink, for the fuzzer: 1 about TCP, 0 not, -1 malformed. */
struct nlmsghdr;
struct conntrack_row {
	uint32_t id, timeout_s;
	int gone, has_state, assured;
	enum conntrack_state state;
	struct tuple original, reply; /* as their senders see it */
};
int conntrack_parse(const struct nlmsghdr *h, struct conntrack_row *ret);

#endif
