/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes pcapng blocks (draft-ietf-opsawg-pcapng), in the byte order of this machine. */
#include "pcapng.h"

#include "core/array.h"
#include "core/clock.h"

#include <string.h>
#include <time.h>

#define LINKTYPE_RAW 101
#define SNAPLEN      65535u

enum block { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_NAMES = 4, BLOCK_PACKET = 6 };

enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	PACKET_FLAGS = 2,
	SECTION_APPLICATION = 4,
	NAME_IP4 = 1,
	NAME_IP6 = 2
};

struct pcapng {
	FILE *out;
	int64_t offset_ns; /* time of day minus clock_now_ns() */
	ARRAY(struct endpoint) named;
	ARRAY(uint8_t) block; /* the one being made */
};

static void put(struct pcapng *p, const void *bytes, size_t n)
{
	while (p->block.cap < p->block.n + n + 4) {
		p->block.cap = p->block.cap ? 2 * p->block.cap : 2048;
		p->block.v = must(realloc(p->block.v, p->block.cap));
	}
	if (n)
		memcpy(p->block.v + p->block.n, bytes, n);
	p->block.n += n;
}

static void put16(struct pcapng *p, unsigned v)
{
	uint16_t x = (uint16_t)v;

	put(p, &x, sizeof x);
}

static void put32(struct pcapng *p, uint32_t v)
{
	put(p, &v, sizeof v);
}

/* Bytes, then zeros up to a multiple of four. */
static void put_padded(struct pcapng *p, const void *bytes, size_t n)
{
	put(p, bytes, n);
	put(p, "\0\0\0", -n & 3);
}

static void put_option(struct pcapng *p, enum option code, const void *value, size_t n)
{
	put16(p, code);
	put16(p, (unsigned)n);
	put_padded(p, value, n);
}

static void put_text(struct pcapng *p, enum option code, const char *text)
{
	put_option(p, code, text, strnlen(text, 0xffff));
}

static void block_begin(struct pcapng *p, enum block type)
{
	p->block.n = 0;
	put32(p, type);
	put32(p, 0);
}

/* The length stands at both ends of a block. */
static void block_end(struct pcapng *p)
{
	uint32_t total = (uint32_t)p->block.n + 4;

	memcpy(p->block.v + 4, &total, sizeof total);
	put32(p, total);
	fwrite(p->block.v, 1, p->block.n, p->out);
}

static void write_section(struct pcapng *p)
{
	uint64_t unknown = UINT64_MAX;

	block_begin(p, BLOCK_SECTION);
	put32(p, 0x1a2b3c4d);
	put16(p, 1);
	put16(p, 0);
	put(p, &unknown, sizeof unknown);
	put_text(p, SECTION_APPLICATION, "lastack");
	put_option(p, OPT_END, NULL, 0);
	block_end(p);
}

static void write_interface(struct pcapng *p, const char *name)
{
	uint8_t nanoseconds = 9;

	block_begin(p, BLOCK_INTERFACE);
	put16(p, LINKTYPE_RAW);
	put16(p, 0);
	put32(p, SNAPLEN);
	put_text(p, IF_NAME, name);
	put_option(p, IF_TSRESOL, &nanoseconds, 1);
	put_option(p, OPT_END, NULL, 0);
	block_end(p);
}

static int64_t time_of_day_offset(void)
{
	struct timespec t;
	uint64_t before = clock_now_ns(), after;

	clock_gettime(CLOCK_REALTIME, &t);
	after = clock_now_ns();
	return (int64_t)t.tv_sec * (int64_t)NS_PER_S + t.tv_nsec -
	       (int64_t)(before + (after - before) / 2);
}

struct pcapng *pcapng_new(FILE *out, const char *const *interfaces, unsigned n)
{
	struct pcapng *p = must(calloc(1, sizeof *p));

	p->out = out;
	p->offset_ns = time_of_day_offset();
	write_section(p);
	for (unsigned i = 0; i < n; i++)
		write_interface(p, interfaces[i]);
	return p;
}

void pcapng_free(struct pcapng *p)
{
	if (!p)
		return;
	fflush(p->out);
	array_free(&p->named);
	array_free(&p->block);
	free(p);
}

static int is_named(const struct pcapng *p, const struct endpoint *e)
{
	array_each (struct endpoint, known, &p->named)
		if (known->family == e->family && !memcmp(known->addr, e->addr, sizeof e->addr))
			return 1;
	return 0;
}

void pcapng_name(struct pcapng *p, const struct endpoint *e, const char *name)
{
	size_t addr = e->family == AF_INET6 ? 16 : 4, n = strnlen(name, 255) + 1;

	if (is_named(p, e))
		return;
	array_push(&p->named, *e);
	block_begin(p, BLOCK_NAMES);
	put16(p, e->family == AF_INET6 ? NAME_IP6 : NAME_IP4);
	put16(p, (unsigned)(addr + n));
	put(p, e->addr, addr);
	put(p, name, n - 1);
	put(p, "", 1);
	put(p, "\0\0\0", -(addr + n) & 3);
	put32(p, 0); /* end of records */
	block_end(p);
}

void pcapng_packet(struct pcapng *p, unsigned interface, enum pcapng_direction direction,
        uint64_t t_ns, const void *bytes, size_t size, const char *comment)
{
	uint64_t t = t_ns + (uint64_t)p->offset_ns;
	uint32_t flags = direction;

	block_begin(p, BLOCK_PACKET);
	put32(p, interface);
	put32(p, (uint32_t)(t >> 32));
	put32(p, (uint32_t)t);
	put32(p, (uint32_t)size);
	put32(p, (uint32_t)size);
	put_padded(p, bytes, size);
	if (comment)
		put_text(p, OPT_COMMENT, comment);
	put_option(p, PACKET_FLAGS, &flags, sizeof flags);
	put_option(p, OPT_END, NULL, 0);
	block_end(p);
}
