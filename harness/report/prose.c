/* SPDX-License-Identifier: BSD-2-Clause */
#include "prose.h"

#include <stdarg.h>
#include <string.h>

void prose_add(struct prose *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->text + p->n, sizeof p->text - p->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->n += (size_t)n;
	if (p->n >= sizeof p->text)
		p->n = sizeof p->text - 1;
}

/* How many columns a text takes: bytes that go on with a character take none. */
static size_t columns(const char *text, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)text[i] & 0xc0) != 0x80;
	return c;
}

void prose_end(struct prose *p, const char *lead)
{
	size_t indent = columns(lead, strlen(lead)), at = indent;
	const char *word = p->text;

	fputs(lead, p->out);
	p->text[p->n] = 0;
	while (*word) {
		size_t n = strcspn(word, " "), wide = columns(word, n);

		if (at > indent && at + 1 + wide > p->width) {
			fprintf(p->out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', p->out);
			at++;
		}
		fwrite(word, 1, n, p->out);
		at += wide;
		word += n;
		word += strspn(word, " ");
	}
	fputc('\n', p->out);
	p->n = 0;
}

void prose_heading(struct prose *p, const char *text)
{
	fprintf(p->out, "\n%s\n\n", text);
}

void prose_number(struct prose *p, unsigned long n, const char *one, const char *many)
{
	if (n == 0)
		prose_add(p, "no %s", one);
	else
		prose_add(p, "%lu %s", n, n == 1 ? one : many);
}
