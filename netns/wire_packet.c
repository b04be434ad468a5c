/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the TCP segment in an IP packet. Every length is checked before it is used. */
#include "wire_packet.h"

#include "model/segment.h"

#include <netinet/in.h>
#include <string.h>

#define IP4_HEADER 20u
#define IP6_HEADER 40u
#define TCP_HEADER 20u

static size_t transport4(const uint8_t *p, size_t size, unsigned *protocol, size_t *ret_size)
{
	size_t header = (p[0] & 15u) * 4u, total;

	if (size < IP4_HEADER || header < IP4_HEADER || header > size)
		return 0;
	total = load16(p + 2);
	if (total < header || total > size)
		return 0;
	if (load16(p + 6) & 0x3fff) /* more fragments, or an offset */
		return 0;
	*protocol = p[9];
	*ret_size = total;
	return header;
}

/* The bytes of one IPv6 extension header, 0 when it is none that can be stepped over. */
static size_t extension_size(unsigned next, const uint8_t *h)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (h[1] + 1u) * 8u;
	case IPPROTO_AH:
		return (h[1] + 2u) * 4u;
	case IPPROTO_FRAGMENT: /* an atomic fragment is a whole packet (RFC 6946) */
		return load16(h + 2) & 0xfff9 ? 0 : 8;
	}
	return 0;
}

static int is_extension(unsigned next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

static size_t transport6(const uint8_t *p, size_t size, unsigned *protocol, size_t *ret_size)
{
	size_t at = IP6_HEADER, total, n;
	unsigned next;

	if (size < IP6_HEADER || !load16(p + 4))
		return 0;
	total = IP6_HEADER + load16(p + 4);
	if (total > size)
		return 0;
	for (next = p[6]; is_extension(next); at += n) {
		if (total - at < 8)
			return 0;
		n = extension_size(next, p + at);
		if (!n || n > total - at)
			return 0;
		next = p[at];
	}
	*protocol = next;
	*ret_size = total;
	return at;
}

size_t packet_transport(
        const uint8_t *packet, size_t size, unsigned *ret_protocol, size_t *ret_size)
{
	if (!size)
		return 0;
	switch (packet[0] >> 4) {
	case 4:
		return transport4(packet, size, ret_protocol, ret_size);
	case 6:
		return transport6(packet, size, ret_protocol, ret_size);
	}
	return 0;
}

static void endpoints(struct segment *s)
{
	int v6 = s->ip[0] >> 4 == 6;
	size_t n = v6 ? 16 : 4;
	const uint8_t *addr = s->ip + (v6 ? 8 : 12);

	s->from.family = s->to.family = v6 ? AF_INET6 : AF_INET;
	memcpy(s->from.addr, addr, n);
	memcpy(s->to.addr, addr + n, n);
	s->from.port = load16(s->tcp);
	s->to.port = load16(s->tcp + 2);
}

int segment_parse(uint8_t *packet, size_t size, struct segment *ret)
{
	unsigned protocol;
	size_t total, at = packet_transport(packet, size, &protocol, &total);
	struct segment s;

	if (!at || protocol != IPPROTO_TCP || total - at < TCP_HEADER)
		return -1;
	memset(&s, 0, sizeof s); /* padding too: endpoints become part of hash keys */
	s.ip = packet;
	s.size = total;
	s.tcp = packet + at;
	s.header = (s.tcp[12] >> 4) * 4u;
	if (s.header < TCP_HEADER || s.header > total - at)
		return -1;
	s.payload = s.tcp + s.header;
	s.length = (uint32_t)(total - at - s.header);
	s.seq = load32(s.tcp + 4);
	s.ack = load32(s.tcp + 8);
	s.flags = s.tcp[13];
	s.window = load16(s.tcp + 14);
	endpoints(&s);
	*ret = s;
	return 0;
}

uint8_t *segment_option(const struct segment *s, unsigned kind, unsigned *ret_length)
{
	uint8_t *o = s->tcp + TCP_HEADER, *end = s->tcp + s->header;

	while (o < end && *o != 0) {
		if (*o == 1) {
			o++;
			continue;
		}
		if (end - o < 2 || o[1] < 2 || o[1] > end - o)
			return NULL;
		if (*o == kind) {
			*ret_length = o[1];
			return o;
		}
		o += o[1];
	}
	return NULL;
}

uint32_t checksum_add(uint32_t sum, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (; n > 1; n -= 2, p += 2)
		sum += load16(p);
	if (n)
		sum += (uint32_t)*p << 8;
	return sum;
}

uint16_t checksum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Over the pseudo header, the TCP header with whatever checksum it has, and the payload. */
static uint16_t tcp_sum(const struct segment *s)
{
	size_t n = s->header + s->length;
	int v6 = s->ip[0] >> 4 == 6;
	uint32_t sum = checksum_add(0, s->ip + (v6 ? 8 : 12), v6 ? 32 : 8);

	sum += IPPROTO_TCP + (uint32_t)n;
	return checksum_end(checksum_add(sum, s->tcp, n));
}

void segment_checksum(struct segment *s)
{
	if (s->ip[0] >> 4 == 4) {
		store16(s->ip + 10, 0);
		store16(s->ip + 10, checksum_end(checksum_add(0, s->ip, (s->ip[0] & 15u) * 4u)));
	}
	store16(s->tcp + 16, 0);
	store16(s->tcp + 16, tcp_sum(s));
}

int segment_checksum_ok(const struct segment *s)
{
	if (s->ip[0] >> 4 == 4 && checksum_end(checksum_add(0, s->ip, (s->ip[0] & 15u) * 4u)))
		return 0;
	return tcp_sum(s) == 0;
}

void segment_cut(struct segment *s, uint32_t length)
{
	uint32_t less = s->length - length;

	s->size -= less;
	s->length = length;
	s->flags &= ~(unsigned)SEG_FIN;
	s->tcp[13] = (uint8_t)s->flags;
	if (s->ip[0] >> 4 == 4)
		store16(s->ip + 2, load16(s->ip + 2) - less);
	else
		store16(s->ip + 4, load16(s->ip + 4) - less);
	segment_checksum(s);
}
