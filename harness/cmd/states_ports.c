/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many of the ephemeral ports towards one address are taken. The limit on connections is one
 * for each pair of addresses and remote port, so a total tells nothing.
 */
#include "states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct towards {
	struct endpoint local, remote; /* local.port is 0 */
	unsigned taken, time_wait;
};

struct table {
	uint32_t *slots; /* 1 + index into towards, 0 free */
	size_t mask;
	ARRAY(struct towards) towards;
};

static uint64_t mix(uint64_t hash, const struct endpoint *e)
{
	uint64_t a, b;

	memcpy(&a, e->addr, 8);
	memcpy(&b, e->addr + 8, 8);
	hash = (hash ^ a ^ (b << 1) ^ e->port) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static int same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->family == b->family &&
	       !memcmp(a->addr, b->addr, sizeof a->addr);
}

static struct towards *towards(struct table *t, const struct tuple *tuple)
{
	struct towards new = {.local = tuple->local, .remote = tuple->remote};
	size_t i;

	new.local.port = 0;
	for (i = mix(mix(0, &new.remote), &new.local) & t->mask; t->slots[i];
	        i = (i + 1) & t->mask) {
		struct towards *old = &t->towards.v[t->slots[i] - 1];

		if (same(&old->remote, &new.remote) && same(&old->local, &new.local))
			return old;
	}
	array_push(&t->towards, new);
	t->slots[i] = (uint32_t)t->towards.n;
	return &t->towards.v[t->towards.n - 1];
}

/* The range of this network namespace. 0 when it cannot be read. */
static unsigned port_range(unsigned *ret_low, unsigned *ret_high)
{
	FILE *in = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int n;

	if (!in)
		return 0;
	n = fscanf(in, "%u %u", ret_low, ret_high);
	fclose(in);
	return n == 2 && *ret_low <= *ret_high ? *ret_high - *ret_low + 1 : 0;
}

static void count(struct table *t, const struct inventory *inv, unsigned low, unsigned high)
{
	array_each (struct inventory_socket, s, &inv->sockets) {
		const struct sock_row *r = &s->row;
		struct towards *to;

		if (!r->tuple.remote.port || r->tuple.local.port < low ||
		        r->tuple.local.port > high)
			continue;
		to = towards(t, &r->tuple);
		to->taken++;
		to->time_wait += r->state == ST_TIME_WAIT;
	}
}

static struct towards *fullest(struct table *t)
{
	struct towards *most = NULL;

	array_each (struct towards, to, &t->towards) {
		if (!most || to->taken > most->taken)
			most = to;
	}
	return most;
}

int states_port_pressure(const struct inventory *inv, struct port_pressure *ret)
{
	unsigned low, high;
	struct table t = {.mask = 15};
	const struct towards *most;

	ret->range = port_range(&low, &high);
	if (!ret->range || inv->sockets.n < ret->range / 2)
		return 0;
	while (t.mask < 2 * inv->sockets.n)
		t.mask = 2 * t.mask + 1;
	t.slots = must(calloc(t.mask + 1, sizeof *t.slots));
	count(&t, inv, low, high);
	most = fullest(&t);
	if (most) {
		ret->local = most->local;
		ret->remote = most->remote;
		ret->taken = most->taken;
		ret->time_wait = most->time_wait;
	}
	free(t.slots);
	array_free(&t.towards);
	return most && ret->taken >= ret->range / 2;
}
