/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire: a single-threaded relay between two network devices, in the runner's own event loop.
 * Each TCP segment is parsed, given its role and ordinal in its connection, put to the rules,
 * logged, and passed on or not. Since one thread moves every segment, their order is the order of
 * the log, and nothing overtakes.
 */
#ifndef LASTACK_WIRE_H
#define LASTACK_WIRE_H

#include "core/err.h"
#include "model/scenario.h"

#include <event2/event.h>

struct wire;

struct wire_config {
	struct event_base *base;
	int fd[2]; /* [HOST_CLIENT], [HOST_SERVER]: of tun_open() or packet_open(), or anything
	              that keeps the boundaries of IP packets; non-blocking, owned by the wire */
	const struct wire_rule *rules; /* outlive the wire */
	size_t n_rules;
	uint64_t seed;
	FILE *pcapng; /* NULL: no capture; not owned */
	/* Called around each segment with the very same event, for whoever looks at the sockets: */
	void (*arrived)(void *arg, const struct event *e); /* read from the sender, fate decided */
	/* About to be written to the receiver, and written: neither for a dropped one, twice for a
	 * duplicate. */
	void (*delivering)(void *arg, const struct event *e);
	void (*delivered)(void *arg, const struct event *e);
	void (*trouble)(void *arg, const struct err *err); /* reading or writing a device failed */
	void *arg;
};

/* NULL with err. */
struct wire *wire_new(const struct wire_config *c, struct err *err);
void wire_free(struct wire *w);

/* Lets go what rules with the action `hold` have kept back, in order. Returns how many. */
unsigned wire_release(struct wire *w);

/* Puts a rule into force, or takes it out; its counts go on. Taking out a cut mends the cable. */
void wire_rule_set(struct wire *w, size_t rule, int on);

struct wire_stats {
	uint64_t segments, dropped, bytes, not_tcp;
	uint64_t waited_ns; /* the longest that a segment waited in its device until we read it */
};
struct wire_stats wire_stats(const struct wire *w);

#endif
