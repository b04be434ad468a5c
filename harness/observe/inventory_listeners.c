/* SPDX-License-Identifier: BSD-2-Clause */
/* Which listener a connection belongs to that no accept() has taken yet, or which it may be. */
#include "inventory_inner.h"

#include <stdlib.h>
#include <string.h>

static int any_address(const struct endpoint *e)
{
	static const uint8_t zero[16];

	return !memcmp(e->addr, zero, sizeof zero);
}

/* Would this listener have taken a connection to this address? 3: by its very address. */
static int listens_at(const struct endpoint *listener, const struct endpoint *at)
{
	if (listener->port != at->port)
		return 0;
	if (listener->family == at->family && !memcmp(listener->addr, at->addr, sizeof at->addr))
		return 3;
	if (!any_address(listener))
		return 0;
	if (listener->family == at->family)
		return 2;
	/* An AF_INET6 socket at :: takes IPv4 too, unless it was told not to. */
	return listener->family == AF_INET6;
}

/* How well they fit; of two that fit alike, address and device are the same. */
static int fits(const struct sock_row *listener, const struct sock_row *row)
{
	int at = listens_at(&listener->tuple.local, &row->tuple.local);

	/* A connection inherits the device to which its listener is bound. */
	if (!at || (listener->device && listener->device != row->device))
		return 0;
	return 2 * at + !!listener->device;
}

/* One whose queue is empty has nothing that waits for accept(): `waiting` leaves these out. */
static void find_among(const struct inventory *inv, struct inventory_socket *s, int waiting)
{
	int best = 0;

	for (uint32_t i = 0; i < inv->listeners.n; i++) {
		const struct sock_row *row = &inv->sockets.v[inv->listeners.v[i]].row;
		int fit = waiting && !row->rqueue ? 0 : fits(row, &s->row);

		if (fit > best) {
			best = fit;
			s->first_listener = i;
			s->n_listeners = 0;
		}
		s->n_listeners += fit && fit == best;
	}
}

static void find_listener(const struct inventory *inv, struct inventory_socket *s)
{
	s->n_listeners = 0;
	if (s->holder == HELD_BY_UNACCEPTED)
		find_among(inv, s, 1);
	/* A handshake is in no queue, and a connection may be younger than the list of queues. */
	if (!s->n_listeners)
		find_among(inv, s, 0);
}

/* Those of one address and device side by side, and those with a queue first among them. */
static int by_address(const void *va, const void *vb, void *inventory)
{
	const struct inventory *inv = inventory;
	const struct sock_row *a = &inv->sockets.v[*(const uint32_t *)va].row;
	const struct sock_row *b = &inv->sockets.v[*(const uint32_t *)vb].row;
	int d = memcmp(&a->tuple.local, &b->tuple.local, sizeof a->tuple.local);

	if (d)
		return d;
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return !a->rqueue - !b->rqueue;
}

void inventory_find_listeners(struct inventory *inv)
{
	size_t unsure = 0;

	array_each (uint32_t, i, &inv->full) {
		if (inv->sockets.v[*i].row.state == ST_LISTEN)
			array_push(&inv->listeners, *i);
	}
	if (inv->listeners.n)
		qsort_r(inv->listeners.v, inv->listeners.n, sizeof *inv->listeners.v, by_address,
		        inv);
	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		if (s->holder == HELD_BY_UNACCEPTED || s->holder == HELD_BY_HANDSHAKE)
			find_listener(inv, s);
		unsure += s->holder == HELD_BY_UNACCEPTED && s->n_listeners > 1;
	}
	if (unsure && inv->all_visible)
		inventory_look_into_queues(inv);
}
