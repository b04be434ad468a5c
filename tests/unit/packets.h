/* SPDX-License-Identifier: BSD-2-Clause */
/* Hand-made TCP segments between 198.18.0.1 or 2001:2::1 (client) and .2 (server, port 80). */
#ifndef LASTACK_TEST_PACKETS_H
#define LASTACK_TEST_PACKETS_H

#include "model/event.h"
#include "netns/wire_packet.h"

#include <string.h>

#define PACKET_MAX 2048

struct shape {
	enum host from;
	unsigned flags;
	uint32_t seq, ack;
	uint32_t length;
	uint16_t window;
	uint16_t port;      /* the client's, 0: 40000 */
	int v6;             /* IPv6 instead of IPv4 */
	unsigned extension; /* v6: bytes of a hop-by-hop header before the TCP header */
	unsigned options;   /* bytes of TCP options: MSS, then NOPs */
	int sack;           /* the last two are SACK permitted */
};

static inline size_t packet_ip(uint8_t *p, const struct shape *s, size_t tcp)
{
	static const uint8_t prefix[4] = {0x20, 0x01, 0x00, 0x02};
	int client = s->from == HOST_CLIENT;

	if (!s->v6) {
		memcpy(p, (uint8_t[20]){0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6}, 20);
		store16(p + 2, (unsigned)(20 + tcp));
		memcpy(p + 12, (uint8_t[]){198, 18, 0, client ? 1 : 2, 198, 18, 0, client ? 2 : 1},
		        8);
		return 20;
	}
	memset(p, 0, 40 + s->extension);
	p[0] = 0x60;
	store16(p + 4, (unsigned)(s->extension + tcp));
	p[6] = s->extension ? 0 : 6;
	p[7] = 64;
	memcpy(p + 8, prefix, 4);
	memcpy(p + 24, prefix, 4);
	p[23] = client ? 1 : 2;
	p[39] = client ? 2 : 1;
	if (s->extension) {
		p[40] = 6;
		p[41] = (uint8_t)(s->extension / 8 - 1);
		p[42] = 1; /* PadN */
		p[43] = (uint8_t)(s->extension - 4);
	}
	return 40 + s->extension;
}

/* Returns its size. Its checksums are right. */
static inline size_t packet_make(uint8_t *p, const struct shape *s)
{
	size_t tcp = 20 + s->options + s->length, at = packet_ip(p, s, tcp);
	uint16_t port = s->port ? s->port : 40000;
	int client = s->from == HOST_CLIENT;
	uint8_t *t = p + at;
	struct segment parsed;

	memset(t, 0, 20);
	store16(t, client ? port : 80);
	store16(t + 2, client ? 80 : port);
	store32(t + 4, s->seq);
	store32(t + 8, s->ack);
	t[12] = (uint8_t)((20 + s->options) / 4 << 4);
	t[13] = (uint8_t)s->flags;
	store16(t + 14, s->window);
	memset(t + 20, 1, s->options);
	if (s->options >= 4)
		memcpy(t + 20, (uint8_t[]){2, 4, 1460 >> 8, 1460 & 255}, 4);
	if (s->sack && s->options >= 6)
		memcpy(t + 20 + s->options - 2, (uint8_t[]){4, 2}, 2);
	for (uint32_t i = 0; i < s->length; i++)
		t[20 + s->options + i] = (uint8_t)('a' + (s->seq + i) % 26);
	if (!segment_parse(p, at + tcp, &parsed))
		segment_checksum(&parsed);
	return at + tcp;
}

#endif
