/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_order.h"

#include "core/array.h"

#include <string.h>

struct entry {
	uint64_t t_ns, number; /* those of one time stay in the order in which they came */
	char *text;
};

struct trace_order {
	ARRAY(struct entry) waiting;
	uint64_t numbers;
};

struct trace_order *trace_order_new(void)
{
	return must(calloc(1, sizeof(struct trace_order)));
}

void trace_order_free(struct trace_order *o)
{
	if (!o)
		return;
	array_each (struct entry, e, &o->waiting)
		free(e->text);
	array_free(&o->waiting);
	free(o);
}

void trace_order_put(struct trace_order *o, uint64_t t_ns, char *text)
{
	array_push(&o->waiting, ((struct entry){t_ns, o->numbers++, text}));
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

void trace_order_write(struct trace_order *o, uint64_t until_ns, FILE *out)
{
	size_t n = 0;

	if (!o->waiting.n)
		return;
	qsort(o->waiting.v, o->waiting.n, sizeof *o->waiting.v, by_time);
	for (; n < o->waiting.n && o->waiting.v[n].t_ns < until_ns; n++) {
		fputs(o->waiting.v[n].text, out);
		free(o->waiting.v[n].text);
	}
	o->waiting.n -= n;
	memmove(o->waiting.v, o->waiting.v + n, o->waiting.n * sizeof *o->waiting.v);
}
