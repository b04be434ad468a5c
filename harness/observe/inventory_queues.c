/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks into accept queues: where listeners share an address, nothing else tells whose is whose. */
#include "inventory_inner.h"

#include "owner_bpf.h"

#include <stdlib.h>

struct queues {
	ARRAY(struct raw_waiting) waiting; /* by connection */
};

static void take_waiting(void *arg, const struct raw_waiting *w)
{
	struct queues *q = arg;

	if (w->connection) /* else it was in no list of ours, which makes the cookies */
		array_push(&q->waiting, *w);
}

static int by_connection(const void *va, const void *vb)
{
	const struct raw_waiting *a = va, *b = vb;

	return (a->connection > b->connection) - (a->connection < b->connection);
}

/* One that is in no queue any more has been accepted meanwhile, or stands too far behind. */
static void choose(const struct inventory *inv, const struct queues *q, struct inventory_socket *s)
{
	const struct raw_waiting key = {.connection = s->row.cookie};
	const struct raw_waiting *w =
	        bsearch(&key, q->waiting.v, q->waiting.n, sizeof *q->waiting.v, by_connection);

	for (uint32_t i = 0; w && i < s->n_listeners; i++) {
		if (inventory_listener(inv, s, i)->row.cookie != w->listener)
			continue;
		s->first_listener += i;
		s->n_listeners = 1;
	}
}

void inventory_look_into_queues(struct inventory *inv)
{
	struct queues q = {0};

	if (!owner_bpf_waiting(take_waiting, &q) && q.waiting.n) {
		qsort(q.waiting.v, q.waiting.n, sizeof *q.waiting.v, by_connection);
		array_each (uint32_t, at, &inv->full) {
			struct inventory_socket *s = &inv->sockets.v[*at];

			if (s->holder == HELD_BY_UNACCEPTED && s->n_listeners > 1)
				choose(inv, &q, s);
		}
	}
	array_free(&q.waiting);
}
