/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCP segment inside an IP packet: where its parts are, and its checksums. */
#ifndef LASTACK_WIRE_PACKET_H
#define LASTACK_WIRE_PACKET_H

#include "core/addr.h"

#include <stddef.h>
#include <stdint.h>

/* All pointers are into the packet that was parsed. */
struct segment {
	struct endpoint from, to;
	uint8_t *ip;
	size_t size; /* of the whole IP packet, without what a link padded it with */
	uint8_t *tcp;
	unsigned header; /* bytes of the TCP header, options included */
	uint8_t *payload;
	uint32_t length; /* payload bytes */
	uint32_t seq, ack;
	unsigned flags; /* enum segment_flags */
	uint16_t window;
};

/*
 * 0 when `packet` holds a whole, well-formed TCP segment over IPv4 or IPv6; -1 for everything else:
 * other protocols, fragments, whatever is cut short. Checksums are not looked at.
 */
int segment_parse(uint8_t *packet, size_t size, struct segment *ret);

/*
 * The offset of the transport header of any IP packet that is no fragment, with its protocol; 0
 * when there is none. *ret_size is the packet's own size.
 */
size_t packet_transport(
        const uint8_t *packet, size_t size, unsigned *ret_protocol, size_t *ret_size);

/* The TCP option of this kind, or NULL; *ret_length includes its two bytes of kind and length. */
uint8_t *segment_option(const struct segment *s, unsigned kind, unsigned *ret_length);

/* Makes the checksums of IP (v4) and TCP right for what the packet holds now. */
void segment_checksum(struct segment *s);
int segment_checksum_ok(const struct segment *s);

/* Leaves `length` bytes of payload and no FIN, with right lengths and checksums. */
void segment_cut(struct segment *s, uint32_t length);

/* The Internet checksum's running sum over some bytes (RFC 1071), and its end. */
uint32_t checksum_add(uint32_t sum, const void *bytes, size_t n);
uint16_t checksum_end(uint32_t sum);

static inline uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void store32(uint8_t *p, uint32_t v)
{
	store16(p, v >> 16);
	store16(p + 2, v & 0xffff);
}

#endif
