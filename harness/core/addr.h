/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and four-tuples. Ports are in host order, address bytes in network order. */
#ifndef LASTACK_ADDR_H
#define LASTACK_ADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
	uint8_t family; /* AF_INET or AF_INET6; 0 = not known */
	uint8_t zero;   /* always 0: no hidden padding, so that tuples can be hashed as bytes */
	uint16_t port;
	uint8_t addr[16]; /* the first 4 bytes for AF_INET, the rest zero */
};

/* One socket's view: local is on its own host. */
struct tuple {
	struct endpoint local, remote;
};

#define ENDPOINT_TEXT 64
#define TUPLE_TEXT    (2 * ENDPOINT_TEXT + 4)

/* "198.18.0.1:40000", "[2001:2:0:1::1]:40000". Returns buf. */
const char *endpoint_format(const struct endpoint *e, char *buf, size_t size);

/* Reads what endpoint_format writes. 0 or -1. */
int endpoint_parse(const char *text, struct endpoint *ret);

/* "local > remote" */
const char *tuple_format(const struct tuple *t, char *buf, size_t size);

struct tuple tuple_reversed(const struct tuple *t);
int tuple_equal(const struct tuple *a, const struct tuple *b);

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret);
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret);

#endif
