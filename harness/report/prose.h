/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for a terminal: collected, then broken into lines. */
#ifndef LASTACK_PROSE_H
#define LASTACK_PROSE_H

#include <stddef.h>
#include <stdio.h>

struct prose {
	FILE *out;
	unsigned width;
	char text[4096]; /* the paragraph under way; what is longer is cut */
	size_t n;
};

void prose_add(struct prose *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Ends the paragraph: `lead` before its first line ("  1. "), further lines indented as far. */
void prose_end(struct prose *p, const char *lead);

/* One line as it is, and an empty one before a heading. */
void prose_heading(struct prose *p, const char *text);

/* "1 socket", "3 sockets", "no socket" */
void prose_number(struct prose *p, unsigned long n, const char *one, const char *many);

#endif
