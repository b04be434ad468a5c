/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations and what was found, in words. */
#include "phrase.h"

#include "core/clock.h"

#include <inttypes.h>
#include <string.h>

void phrase_add(struct phrase *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (p->n + 1 >= p->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(p->text + p->n, p->size - p->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->n += (size_t)n;
	if (p->n >= p->size)
		p->n = p->size - 1;
}

void phrase_other(struct others *o, unsigned n, const char *in, const char *what)
{
	if (n)
		phrase_add(o->p, "%s%u %s%s", o->n++ ? ", " : " (", n, in, what);
}

void phrase_others_end(const struct others *o)
{
	if (o->n)
		phrase_add(o->p, ")");
}

void phrase_window(struct phrase *p, const struct window *w)
{
	char lo[32], hi[32];

	duration_format(w->lo_ns, lo, sizeof lo);
	if (w->hi_ns >= INT64_MAX)
		phrase_add(p, "at least %s", lo);
	else
		phrase_add(p, "%s to %s", lo, duration_format(w->hi_ns, hi, sizeof hi));
}

static void add_path(struct phrase *p, const struct expectation *x)
{
	const char *before = " ";
	char text[RANGE_TEXT];

	phrase_add(p, "%s path", actor_names[x->host]);
	array_each (const struct path_state, s, &x->path) {
		phrase_add(p, "%s%s", before, tcp_state_name(s->state));
		if (s->has_stay)
			phrase_add(p, " for %s", range_format(&s->stay, 1, text, sizeof text));
		before = ", ";
	}
}

static void add_order(struct phrase *p, const struct expectation *x)
{
	const char *before = "order ";
	char text[SELECTOR_TEXT];

	array_each (const struct segment_selector, s, &x->order) {
		phrase_add(p, "%s%s", before, selector_format(s, text, sizeof text));
		before = ", ";
	}
}

static void add_gaps(struct phrase *p, const struct expectation *x)
{
	const char *before = " ";
	char text[RANGE_TEXT];

	phrase_add(p, "%s%s", x->key, x->gaps.n ? "" : ": backoff");
	array_each (const struct range, g, &x->gaps) {
		phrase_add(p, "%s%s", before, range_format(g, 1, text, sizeof text));
		before = ", ";
	}
}

void phrase_expectation(const struct expectation *x, char *buf, size_t size)
{
	const struct expectation_type *type = expectation_type_find(x->kind);
	struct phrase p = {buf, size, 0};
	char text[RANGE_TEXT];

	*buf = 0;
	if (type && type->shape == SHAPE_PATH) {
		add_path(&p, x);
		return;
	}
	if (type && type->shape == SHAPE_ORDER) {
		add_order(&p, x);
		return;
	}
	if (type && type->shape == SHAPE_GAPS) {
		add_gaps(&p, x);
		return;
	}
	if (x->host < HOST_COUNT)
		phrase_add(&p, "%s ", actor_names[x->host]);
	if (type && type->key && (x->state != ST_NONE || x->conntrack != CT_NONE))
		phrase_add(&p, "%s of ", type->key);
	phrase_add(&p, "%s %s%s", x->key ? x->key : x->kind, x->want.lo == x->want.hi ? "= " : "",
	        range_format(&x->want, type && type->durations, text, sizeof text));
}

struct answer answer_make(enum answer_kind kind, const char *fmt, ...)
{
	struct answer a = {.kind = kind};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a.seen, sizeof a.seen, fmt, ap);
	va_end(ap);
	return a;
}

struct answer answer_stale(enum host h)
{
	struct answer a = answer_make(ANSWER_UNDECIDED, "no dump of the %s yet", actor_names[h]);

	a.blind = 1;
	return a;
}

struct answer answer_not_described(const struct ledger_socket *s)
{
	char who[TUPLE_TEXT];
	struct answer a = answer_make(ANSWER_UNDECIDED, "no dump shows %s in %s yet",
	        tuple_format(&s->tuple, who, sizeof who), tcp_state_name(ledger_state(s)));

	a.blind = 1;
	return a;
}

struct answer answer_no_wire(void)
{
	return answer_make(ANSWER_MISSING, "needs link: wire, which shows segments");
}

struct answer answer_growing(const struct range *want, int64_t value)
{
	enum answer_kind kind = value > want->hi   ? ANSWER_FAILS
	                        : value < want->lo ? ANSWER_UNDECIDED
	                                           : ANSWER_HOLDS;

	return answer_make(kind, "%" PRId64, value);
}
