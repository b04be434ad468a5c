/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations of the wire: numbers of segments, their order, the times between them. */
#include "yaml_expect.h"

#include <string.h>

#define MOST_ORDER 64
#define MOST_GAPS  64
#define BACKOFF    "backoff"

static int order_item(struct reader *r, const yaml_node_t *n, void *into)
{
	struct expectation *x = into;
	struct segment_selector s;
	const char *word = node_word(r, n, "segments like fin from client");

	if (!word || value_selector(r, n, word, 1, &s))
		return -1;
	array_push(&x->order, s);
	return 0;
}

static int read_order(struct reader *r, const yaml_node_t *n, struct expectation *x)
{
	char d[QUOTED_TEXT];

	if (n->type != YAML_SEQUENCE_NODE)
		return reader_fail(r, n,
		        "expected a list like [fin from client, ack-of-fin from server], not %s",
		        node_describe(n, d, sizeof d));
	if (n->data.sequence.items.top - n->data.sequence.items.start == 1)
		return reader_fail(r, n, "one alone is in any order, expected two or more");
	return node_list(r, n, MOST_ORDER, "segments in their order", order_item, x);
}

static int gap_item(struct reader *r, const yaml_node_t *n, void *into)
{
	struct expectation *x = into;
	struct range want;

	if (value_durations(r, n, &want))
		return -1;
	array_push(&x->gaps, want);
	return 0;
}

/* What the kernel sends again by a timer, one after the other, beginning with the first. */
static int check_backoff(struct reader *r, const yaml_node_t *at, const struct segment_selector *s)
{
	if (s->role != ROLE_FIN && s->role != ROLE_DATA)
		return reader_fail(r, at,
		        "'" BACKOFF "' is known of fin and data, of others give "
		        "the times");
	if (s->again >= 0 || s->fate >= 0)
		return reader_fail(r, at,
		        "'" BACKOFF "' is about all that are sent, expected no "
		        "'again', 'first' or 'probe', and no fate");
	return 0;
}

static int read_gaps(
        struct reader *r, const yaml_node_t *at, const yaml_node_t *n, struct expectation *x)
{
	if (x->segment.from < 0)
		return reader_fail(
		        r, at, "whose segments? expected 'from client' or 'from server'");
	if (n->type == YAML_SCALAR_NODE && !strcmp((char *)n->data.scalar.value, BACKOFF))
		return node_word(r, n, BACKOFF) ? check_backoff(r, at, &x->segment) : -1;
	return node_list(r, n, MOST_GAPS, "'" BACKOFF "' or times like [200ms, \"400ms .. 450ms\"]",
	        gap_item, x);
}

static const struct expectation_type *type_of(const char *key)
{
	for (const struct expectation_type *const *t = expectation_types; *t; t++) {
		size_t n = (*t)->of_wire ? strlen((*t)->key) : 0;

		if (n && !strncmp((*t)->key, key, n) && (!key[n] || key[n] == ' '))
			return *t;
	}
	return NULL;
}

int wire_wish(struct reader *r, const char *key, const yaml_node_t *at, const yaml_node_t *value,
        void *into)
{
	static const struct segment_selector any = {
	        .from = -1, .role = -1, .again = -1, .fate = -1};
	const struct expectation_type *t = type_of(key);
	struct expectation *x = wish_add(into, at, t ? t->name : "segment", key);

	x->segment = any;
	if (t && t->shape == SHAPE_ORDER && !key[strlen(t->key)])
		return read_order(r, value, x);
	if (t && t->shape == SHAPE_GAPS) {
		if (value_selector(r, at, key + strlen(t->key), 1, &x->segment))
			return -1;
		return read_gaps(r, at, value, x);
	}
	if (value_selector(r, at, key, 1, &x->segment))
		return -1;
	return value_range(r, value, &x->want);
}
