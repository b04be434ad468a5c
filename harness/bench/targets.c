/* SPDX-License-Identifier: BSD-2-Clause */
#include "targets.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct endpoint endpoint_after(const struct endpoint *e, unsigned n)
{
	struct endpoint r = *e;
	int last = e->family == AF_INET ? 3 : 15;

	for (int i = last; n && i >= 0; i--) {
		n += r.addr[i];
		r.addr[i] = (uint8_t)n;
		n >>= 8;
	}
	return r;
}

static struct sockaddr_storage *addresses(const struct endpoint *first, unsigned n, socklen_t *len)
{
	struct sockaddr_storage *v = must(calloc(n, sizeof *v));

	for (unsigned i = 0; i < n; i++) {
		struct endpoint e = endpoint_after(first, i);

		*len = endpoint_to_sockaddr(&e, &v[i]);
	}
	return v;
}

void targets_init(struct targets *t, const struct bench_config *c, const struct endpoint *from,
        const struct endpoint *to, unsigned lo, unsigned hi)
{
	memset(t, 0, sizeof *t);
	t->ports = c->ports;
	t->n_to = c->dests;
	t->to = addresses(to, t->n_to, &t->len);
	if (from && (c->sources > 1 || c->ports == PORTS_BIND)) {
		t->n_from = c->sources;
		t->from = addresses(from, t->n_from, &t->len);
	}
	t->lo = lo;
	t->hi = hi;
	t->range = lo | hi << 16;
}

void targets_free(struct targets *t)
{
	free(t->from);
	free(t->to);
	memset(t, 0, sizeof *t);
}

static void set_port(struct sockaddr_storage *s, unsigned port)
{
	if (s->ss_family == AF_INET)
		((struct sockaddr_in *)s)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)s)->sin6_port = htons((uint16_t)port);
}

void targets_next(struct targets *t, struct target *ret)
{
	uint64_t k = t->k++;
	unsigned span = t->hi - t->lo + 1;

	ret->to = &t->to[k % t->n_to];
	ret->len = t->len;
	ret->from.ss_family = AF_UNSPEC;
	if (!t->n_from)
		return;
	k /= t->n_to;
	ret->from = t->from[k % t->n_from];
	if (t->ports == PORTS_BIND)
		set_port(&ret->from, t->lo + (unsigned)((k / t->n_from + t->first) % span));
}

int targets_plain(const struct targets *t)
{
	return !t->n_from && t->ports == PORTS_KERNEL;
}

int targets_prepare(
        const struct targets *t, const struct target *g, int fd, enum bench_call *ret_call)
{
	int on = 1;

	*ret_call = CALL_OPTION;
	if (t->ports == PORTS_RANGE &&
	        setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &t->range, sizeof t->range))
		return -1;
	if (!t->n_from)
		return 0;
	if (t->ports == PORTS_BIND) {
		if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
			return -1;
	} else if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on)) {
		return -1;
	}
	*ret_call = CALL_BIND;
	return bind(fd, (const struct sockaddr *)&g->from, t->len);
}
