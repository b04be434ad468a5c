/* SPDX-License-Identifier: BSD-2-Clause */
/* Which listener a connection belongs to that no accept() has taken yet. */
#include "inventory_inner.h"

#include <string.h>

static int any_address(const struct endpoint *e)
{
	static const uint8_t zero[16];

	return !memcmp(e->addr, zero, sizeof zero);
}

/* Would this listener have taken a connection to this address? 2: by its very address. */
static int listens_at(const struct endpoint *listener, const struct endpoint *at)
{
	if (listener->port != at->port)
		return 0;
	if (listener->family == at->family && !memcmp(listener->addr, at->addr, sizeof at->addr))
		return 2;
	if (!any_address(listener))
		return 0;
	/* An AF_INET6 socket at :: takes IPv4 too, unless it was told not to. */
	return listener->family == at->family || listener->family == AF_INET6;
}

static uint32_t listener_of(const struct inventory *inv, const uint32_t *listeners, size_t n,
        const struct inventory_socket *s)
{
	uint32_t best = 0;
	int best_match = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sock_row *row = &inv->sockets.v[listeners[i]].row;
		int match = listens_at(&row->tuple.local, &s->row.tuple.local);

		if (match > best_match) {
			best_match = match;
			best = listeners[i] + 1;
		}
	}
	return best;
}

void inventory_find_listeners(struct inventory *inv)
{
	ARRAY(uint32_t) listeners = {0};

	array_each (uint32_t, i, &inv->full) {
		if (inv->sockets.v[*i].row.state == ST_LISTEN)
			array_push(&listeners, *i);
	}
	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		if (s->holder == HELD_BY_UNACCEPTED || s->holder == HELD_BY_HANDSHAKE)
			s->listener = listener_of(inv, listeners.v, listeners.n, s);
	}
	array_free(&listeners);
}
