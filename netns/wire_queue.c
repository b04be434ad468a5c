/* SPDX-License-Identifier: BSD-2-Clause */
/* A list in the order of time. Searched from its end, where nearly all of it belongs. */
#include "wire_queue.h"

#include "core/err.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void insert(struct wire_queue *q, struct parcel *p)
{
	struct parcel *after = q->first ? q->first->prev : NULL; /* utlist: the last one */

	while (after && after->due_ns > p->due_ns)
		after = after == q->first ? NULL : after->prev;
	if (after)
		DL_APPEND_ELEM(q->first, after, p);
	else
		DL_PREPEND(q->first, p);
}

struct parcel *queue_put(struct wire_queue *q, uint64_t due_ns, const struct event *e,
        const uint8_t *bytes, size_t size)
{
	struct parcel *p = must(malloc(sizeof *p + size));

	p->due_ns = due_ns;
	p->behind = 0;
	p->event = *e;
	p->size = size;
	memcpy(p->bytes, bytes, size);
	insert(q, p);
	return p;
}

struct parcel *queue_take(struct wire_queue *q, uint64_t now_ns)
{
	struct parcel *p = q->first;

	if (!p || p->due_ns > now_ns)
		return NULL;
	DL_DELETE(q->first, p);
	return p;
}

struct parcel *queue_pass(struct wire_queue *q, const struct event *gone, int counted)
{
	struct parcel *p, *next, *ready = NULL;

	DL_FOREACH_SAFE(q->first, p, next)
	{
		if (p->event.segment.connection != gone->segment.connection ||
		        p->event.host != gone->host)
			continue;
		if (counted && p->behind)
			p->behind--;
		if (!p->behind && !ready)
			ready = p;
	}
	if (ready)
		DL_DELETE(q->first, ready);
	return ready;
}

void queue_clear(struct wire_queue *q)
{
	struct parcel *p;

	while ((p = queue_take(q, UINT64_MAX)))
		free(p);
}
