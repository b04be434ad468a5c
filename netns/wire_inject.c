/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that no host has sent: TCP segments and ICMP errors. */
#include "fault.h"

#include <netinet/in.h>
#include <string.h>

#define MOST_PAYLOAD 1400u
#define TTL          64

/* An IP header of the smallest size; returns that. */
static size_t put_ip(uint8_t *p, const struct endpoint *from, const struct endpoint *to,
        unsigned protocol, size_t payload)
{
	if (from->family == AF_INET6) {
		memset(p, 0, 8);
		p[0] = 0x60;
		store16(p + 4, (unsigned)payload);
		p[6] = (uint8_t)protocol;
		p[7] = TTL;
		memcpy(p + 8, from->addr, 16);
		memcpy(p + 24, to->addr, 16);
		return 40;
	}
	memset(p, 0, 20);
	p[0] = 0x45;
	store16(p + 2, (unsigned)(20 + payload));
	p[6] = 0x40; /* don't fragment */
	p[8] = TTL;
	p[9] = (uint8_t)protocol;
	memcpy(p + 12, from->addr, 4);
	memcpy(p + 16, to->addr, 4);
	store16(p + 10, checksum_end(checksum_add(0, p, 20)));
	return 20;
}

void segment_build(uint8_t packet[PACKET_ROOM], const struct flow *c, const struct segment_form *f,
        struct segment *ret)
{
	int client = f->sender == HOST_CLIENT;
	const struct endpoint *from = client ? &c->key.local : &c->key.remote;
	const struct endpoint *to = client ? &c->key.remote : &c->key.local;
	unsigned length = f->length < MOST_PAYLOAD ? f->length : MOST_PAYLOAD;
	size_t ip = put_ip(packet, from, to, IPPROTO_TCP, 20 + length);
	uint8_t *t = packet + ip;

	memset(t, 0, 20);
	store16(t, from->port);
	store16(t + 2, to->port);
	store32(t + 4, f->seq);
	store32(t + 8, f->ack);
	t[12] = 5 << 4;
	t[13] = (uint8_t)f->flags;
	store16(t + 14, f->window);
	memset(t + 20, 'i', length);
	segment_parse(packet, ip + 20 + length, ret);
	segment_checksum(ret);
}

/* As much of the packet as the error may carry: RFC 1812 and RFC 4443, but not more than useful. */
#define MOST_QUOTED 552u

static uint16_t icmp6_sum(const uint8_t *ip, const uint8_t *icmp, size_t n)
{
	uint32_t sum = checksum_add(0, ip + 8, 32) + IPPROTO_ICMPV6 + (uint32_t)n;

	return checksum_end(checksum_add(sum, icmp, n));
}

size_t icmp_build(
        uint8_t packet[PACKET_ROOM], const struct segment *s, enum icmp_error error, unsigned mtu)
{
	int v6 = s->from.family == AF_INET6, big = error == ICMP_TOO_BIG;
	size_t quoted = s->size < MOST_QUOTED ? s->size : MOST_QUOTED, n = 8 + quoted;
	size_t ip = put_ip(packet, &s->to, &s->from, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, n);
	uint8_t *i = packet + ip;

	memset(i, 0, 8);
	if (v6) {
		i[0] = big ? 2 : 1;
		i[1] = big ? 0 : 4;
		store32(i + 4, big ? mtu : 0);
	} else {
		i[0] = 3;
		i[1] = big ? 4 : 3;
		store16(i + 6, big ? mtu : 0);
	}
	memcpy(i + 8, s->ip, quoted);
	store16(i + 2, v6 ? icmp6_sum(packet, i, n) : checksum_end(checksum_add(0, i, n)));
	return ip + n;
}
