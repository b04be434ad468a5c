/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that the wire keeps for later, in the order in which they are due. */
#ifndef LASTACK_WIRE_QUEUE_H
#define LASTACK_WIRE_QUEUE_H

#include "model/event.h"

struct parcel {
	struct parcel *prev, *next;
	uint64_t due_ns;
	struct event event; /* as it was logged on arrival */
	size_t size;
	uint8_t bytes[];
};

struct wire_queue {
	struct parcel *first;
};

/* Keeps a copy. What is due at the same time stays in the order of the calls. */
void queue_put(struct wire_queue *q, uint64_t due_ns, const struct event *e, const uint8_t *bytes,
        size_t size);

/* The first parcel that is due at `now_ns`, or NULL; free() it. */
struct parcel *queue_take(struct wire_queue *q, uint64_t now_ns);

void queue_clear(struct wire_queue *q);

#endif
