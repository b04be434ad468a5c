/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for standard output, put together in memory and written in large pieces: a hundred thousand
 * lines in a few milliseconds. Zeroed memory is an empty one.
 */
#ifndef LASTACK_OUT_H
#define LASTACK_OUT_H

#include "core/addr.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *v;
	size_t n, cap;
	int error; /* errno of a write that failed; what comes after it is dropped */
	int held;  /* out_line() doesn't write */
};

void out_grow(struct out *o, size_t n);

/* What is called a million times is inline, and a constant text costs no strlen(). */
static inline char *out_room(struct out *o, size_t n)
{
	if (o->cap - o->n < n)
		out_grow(o, n);
	return o->v + o->n;
}

static inline void out_bytes(struct out *o, const char *text, size_t n)
{
	if (!n)
		return;
	memcpy(out_room(o, n), text, n);
	o->n += n;
}

static inline void out_str(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}

static inline void out_char(struct out *o, char c)
{
	*out_room(o, 1) = c;
	o->n++;
}

/* The end of a line: the only place where what is there may be written out. */
void out_line(struct out *o);

void out_u64(struct out *o, uint64_t n);
void out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Spaces until `width` columns are filled since the text was `start` bytes long; at least one. */
void out_pad(struct out *o, size_t start, size_t width);
void out_u64_right(struct out *o, uint64_t n, size_t width);

/* "198.18.0.1:40000", "[::1]:80", "*:80" for no address. */
void out_endpoint(struct out *o, const struct endpoint *e);
void out_address(struct out *o, const struct endpoint *e);

/* "43.2 s", "3 min 20 s": what a person reads. */
void out_ms(struct out *o, uint32_t ms);

/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void out_json(struct out *o, const char *text);

/* Command names are any bytes: of the text from this byte on, none may move a terminal's cursor. */
void out_make_printable(struct out *o, size_t from);

/* Writes what is there. */
void out_write(struct out *o);

/*
 * Calls print(o, i, arg) for each i below n, in that order as far as the text goes: where they are
 * many, in several threads, up to as many as there are CPUs for us. So `print` writes no shared
 * memory.
 */
void out_many(struct out *o, size_t n, void (*print)(struct out *o, size_t i, const void *arg),
        const void *arg);

/* Writes the rest and frees the memory. 0, or -1 with errno. */
int out_end(struct out *o);

#endif
