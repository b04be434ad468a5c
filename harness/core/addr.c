/* SPDX-License-Identifier: BSD-2-Clause */
#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *endpoint_format(const struct endpoint *e, char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	if (e->family)
		inet_ntop(e->family, e->addr, ip, sizeof ip);
	snprintf(buf, size, e->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, e->port);
	return buf;
}

int endpoint_parse(const char *text, struct endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	struct endpoint e = {0};
	char ip[INET6_ADDRSTRLEN + 2], *start = ip, *end;
	unsigned long port;
	size_t n;

	if (!colon || (n = (size_t)(colon - text)) >= sizeof ip)
		return -1;
	memcpy(ip, text, n);
	ip[n] = 0;
	e.family = AF_INET;
	if (*ip == '[' && n > 2 && ip[n - 1] == ']') {
		e.family = AF_INET6;
		ip[n - 1] = 0;
		start++;
	}
	if (colon[1] < '0' || colon[1] > '9')
		return -1;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535 || inet_pton(e.family, start, e.addr) != 1)
		return -1;
	e.port = (uint16_t)port;
	*ret = e;
	return 0;
}

const char *tuple_format(const struct tuple *t, char *buf, size_t size)
{
	char l[ENDPOINT_TEXT], r[ENDPOINT_TEXT];

	snprintf(buf, size, "%s > %s", endpoint_format(&t->local, l, sizeof l),
	        endpoint_format(&t->remote, r, sizeof r));
	return buf;
}

struct tuple tuple_reversed(const struct tuple *t)
{
	return (struct tuple){.local = t->remote, .remote = t->local};
}

static int endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->port == b->port && !memcmp(a->addr, b->addr, 16);
}

int tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return endpoint_equal(&a->local, &b->local) && endpoint_equal(&a->remote, &b->remote);
}

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	memset(ret, 0, sizeof *ret);
	ret->family = (uint8_t)sa->sa_family;
	if (sa->sa_family == AF_INET) {
		memcpy(ret->addr, &in->sin_addr, 4);
		ret->port = ntohs(in->sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(ret->addr, &in6->sin6_addr, 16);
		ret->port = ntohs(in6->sin6_port);
		return 0;
	}
	return -1;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (void *)ret;
	struct sockaddr_in6 *in6 = (void *)ret;

	memset(ret, 0, sizeof *ret);
	ret->ss_family = e->family;
	if (e->family == AF_INET6) {
		memcpy(&in6->sin6_addr, e->addr, 16);
		in6->sin6_port = htons(e->port);
		return sizeof *in6;
	}
	memcpy(&in->sin_addr, e->addr, 4);
	in->sin_port = htons(e->port);
	return sizeof *in;
}
