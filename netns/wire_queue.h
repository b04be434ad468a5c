/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that the wire keeps for later, in the order in which they are due. */
#ifndef LASTACK_WIRE_QUEUE_H
#define LASTACK_WIRE_QUEUE_H

#include "model/event.h"

struct parcel {
	struct parcel *prev, *next;
	uint64_t due_ns;
	unsigned behind;    /* so many others go first, or due_ns */
	struct event event; /* as it was logged on arrival */
	size_t size;
	uint8_t bytes[];
};

struct wire_queue {
	struct parcel *first;
};

/* Keeps a copy. What is due at the same time stays in the order of the calls. */
struct parcel *queue_put(struct wire_queue *q, uint64_t due_ns, const struct event *e,
        const uint8_t *bytes, size_t size);

/* The first parcel that is due at `now_ns`, or NULL; free() it. */
struct parcel *queue_take(struct wire_queue *q, uint64_t now_ns);

/*
 * Counts one segment of this connection and sender as gone; the first parcel that was behind it and
 * now is not behind any, or NULL. free() it. `counted` tells whether to count or only to look.
 */
struct parcel *queue_pass(struct wire_queue *q, const struct event *gone, int counted);

void queue_clear(struct wire_queue *q);

#endif
