/* SPDX-License-Identifier: BSD-2-Clause */
#include "out.h"

#include "core/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

void out_write(struct out *o)
{
	size_t done = 0;

	while (done < o->n && !o->error) {
		ssize_t n = write(STDOUT_FILENO, o->v + done, o->n - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			o->error = errno;
	}
	o->n = 0;
}

void out_grow(struct out *o, size_t n)
{
	o->cap = 2 * (o->n + n) + PIECE;
	o->v = must(realloc(o->v, o->cap));
}

void out_line(struct out *o)
{
	out_char(o, '\n');
	if (o->n >= PIECE && !o->held)
		out_write(o);
}

/* Two digits at a time: a division is what takes the time. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static size_t digits_of(uint64_t n)
{
	size_t digits = 1;

	for (; n >= 100; n /= 100)
		digits += 2;
	return digits + (n >= 10);
}

/* So that they end at `end`. Nearly all numbers are small, and then so is the division. */
static void put_digits(char *end, uint64_t n)
{
	uint32_t small;

	for (; n > UINT32_MAX; n /= 100)
		memcpy(end -= 2, pairs + 2 * (n % 100), 2);
	for (small = (uint32_t)n; small >= 100; small /= 100)
		memcpy(end -= 2, pairs + 2 * (size_t)(small % 100), 2);
	if (small >= 10)
		memcpy(end - 2, pairs + 2 * (size_t)small, 2);
	else
		end[-1] = (char)('0' + small);
}

static void out_spaces(struct out *o, size_t n)
{
	static const char blanks[32] = "                                ";

	if (n > sizeof blanks)
		memset(out_room(o, n), ' ', n);
	else /* a constant size is no call */
		memcpy(out_room(o, sizeof blanks), blanks, sizeof blanks);
	o->n += n;
}

void out_u64(struct out *o, uint64_t n)
{
	out_u64_right(o, n, 0);
}

void out_u64_right(struct out *o, uint64_t n, size_t width)
{
	size_t digits = digits_of(n);

	if (digits < width)
		out_spaces(o, width - digits);
	put_digits(out_room(o, digits) + digits, n);
	o->n += digits;
}

void out_printf(struct out *o, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n > 0)
		out_bytes(o, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void out_pad(struct out *o, size_t start, size_t width)
{
	size_t used = o->n - start;

	out_spaces(o, used < width ? width - used : 1);
}

static char *put_byte(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n < 10) {
		*p++ = (char)('0' + n);
		return p;
	}
	memcpy(p, pairs + 2 * (n % 100), 2);
	return p + 2;
}

static void out_ipv4(struct out *o, const uint8_t *addr)
{
	char *p = out_room(o, 16);

	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_byte(p, addr[i]);
	}
	o->n = (size_t)(p - o->v);
}

/* inet_ntop() is slow, and most sockets of a machine share a few addresses. */
static void out_ipv6(struct out *o, const uint8_t *addr)
{
	static _Thread_local struct known {
		uint8_t addr[16];
		char text[INET6_ADDRSTRLEN];
	} known[256];
	struct known *k;
	unsigned hash = 0;

	for (int i = 0; i < 16; i++)
		hash = 31 * hash + addr[i];
	k = &known[hash % 256];
	if (!k->text[0] || memcmp(k->addr, addr, 16)) {
		memcpy(k->addr, addr, 16);
		inet_ntop(AF_INET6, addr, k->text, sizeof k->text);
	}
	out_str(o, k->text);
}

void out_address(struct out *o, const struct endpoint *e)
{
	if (e->family == AF_INET6)
		out_ipv6(o, e->addr);
	else
		out_ipv4(o, e->addr);
}

void out_endpoint(struct out *o, const struct endpoint *e)
{
	if (e->family == AF_INET6) {
		out_char(o, '[');
		out_ipv6(o, e->addr);
		out_char(o, ']');
	} else {
		out_ipv4(o, e->addr);
	}
	out_char(o, ':');
	if (e->port)
		out_u64(o, e->port);
	else
		out_char(o, '*');
}

static void two_units(
        struct out *o, uint32_t big, const char *unit, uint32_t small, const char *sub)
{
	out_u64(o, big);
	out_str(o, unit);
	if (!small)
		return;
	out_char(o, ' ');
	out_u64(o, small);
	out_str(o, sub);
}

void out_ms(struct out *o, uint32_t ms)
{
	uint32_t s = ms / 1000;

	if (ms < 1000) {
		out_u64(o, ms);
		out_str(o, " ms");
	} else if (s < 10) {
		out_u64(o, s);
		out_char(o, '.');
		out_u64(o, ms % 1000 / 100);
		out_str(o, " s");
	} else if (s < 60) {
		out_u64(o, s);
		out_str(o, " s");
	} else if (s < 3600) {
		two_units(o, s / 60, " min", s % 60, " s");
	} else if (s < 86400) {
		two_units(o, s / 3600, " h", s % 3600 / 60, " min");
	} else {
		two_units(o, s / 86400, " d", s % 86400 / 3600, " h");
	}
}

/* How many bytes the UTF-8 character at p has, 0 when it is none. */
static size_t utf8(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0)))
		return 0;
	return n;
}

void out_json(struct out *o, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	out_char(o, '"');
	while (*p) {
		size_t n = utf8(p);

		if (*p == '"' || *p == '\\')
			out_char(o, '\\');
		if (*p < 0x20)
			out_printf(o, "\\u%04x", *p);
		else if (n)
			out_bytes(o, (const char *)p, n);
		else
			out_str(o, "\\ufffd");
		p += n ? n : 1;
	}
	out_char(o, '"');
}

void out_make_printable(struct out *o, size_t from)
{
	for (size_t i = from; i < o->n; i++)
		if ((unsigned char)o->v[i] < 0x20 || o->v[i] == 0x7f)
			o->v[i] = '?';
}

int out_end(struct out *o)
{
	out_write(o);
	free(o->v);
	errno = o->error;
	o->v = NULL;
	o->cap = 0;
	return o->error ? -1 : 0;
}
