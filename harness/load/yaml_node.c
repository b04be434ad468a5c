/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes of a YAML document: errors with their place, maps by table, lists. */
#include "core/words.h"
#include "yaml_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct mark node_mark(const yaml_node_t *n)
{
	return (struct mark){(unsigned)n->start_mark.line + 1, (unsigned)n->start_mark.column + 1};
}

int reader_fail(struct reader *r, const yaml_node_t *at, const char *fmt, ...)
{
	struct mark m = node_mark(at);
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(r->err, ERR_INPUT, "%s:%u:%u: %s", r->name, m.line, m.column, text);
}

/* What came from the file is shown short, and without what would move a terminal's cursor. */
const char *quoted(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	buf[n++] = '\'';
	while (*text && n + 5 < size) {
		unsigned char c = (unsigned char)*text++;

		if (c == 0xc2 && (unsigned char)*text < 0xa0 && *text) /* C1 */
			text++, c = '?';
		buf[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	if (*text) { /* not in the middle of a character */
		while (n > 1 && ((unsigned char)buf[n - 1] & 0xc0) == 0x80)
			n--;
		if (n > 1 && (unsigned char)buf[n - 1] >= 0xc0)
			n--;
	}
	snprintf(buf + n, size - n, "%s'", *text ? ".." : "");
	return buf;
}

const char *node_describe(const yaml_node_t *n, char *buf, size_t size)
{
	switch (n->type) {
	case YAML_SCALAR_NODE:
		if (!n->data.scalar.length)
			return "nothing";
		return quoted((const char *)n->data.scalar.value, buf, size);
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a map";
	case YAML_NO_NODE:
		break;
	}
	return "nothing";
}

static void list_names(char *buf, size_t size, const char *const *valid, size_t n)
{
	size_t used = 0, last = n;

	while (last && !(valid[last - 1] && *valid[last - 1]))
		last--;
	*buf = 0;
	for (size_t i = 0; i < last && used < size; i++)
		if (valid[i] && *valid[i])
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
			        !used           ? ""
			        : i + 1 == last ? " or "
			                        : ", ",
			        valid[i]);
}

int reader_unknown(struct reader *r, const yaml_node_t *at, const char *what, const char *word,
        const char *const *valid, size_t n)
{
	const char *near = words_nearest(word, valid, n);
	char w[QUOTED_TEXT], names[600];

	quoted(word, w, sizeof w);
	if (near && *near)
		return reader_fail(r, at, "unknown %s %s, did you mean '%s'?", what, w, near);
	list_names(names, sizeof names, valid, n);
	return reader_fail(r, at, "unknown %s %s, expected %s", what, w, names);
}

static int spend(struct reader *r, const yaml_node_t *n)
{
	if (!r->budget)
		return reader_fail(r, n, "too much for one scenario");
	r->budget--;
	return 0;
}

const char *node_word(struct reader *r, const yaml_node_t *n, const char *expected)
{
	char d[QUOTED_TEXT];

	if (spend(r, n))
		return NULL;
	if (n->type != YAML_SCALAR_NODE || !n->data.scalar.length) {
		reader_fail(r, n, "expected %s, not %s", expected, node_describe(n, d, sizeof d));
		return NULL;
	}
	if (strlen((const char *)n->data.scalar.value) != n->data.scalar.length) {
		reader_fail(r, n, "expected %s, without a NUL byte", expected);
		return NULL;
	}
	return (const char *)n->data.scalar.value;
}

static yaml_node_t *node_at(struct reader *r, int index)
{
	return yaml_document_get_node(&r->doc, index);
}

/* The key of a pair, if no pair before it has the same. */
static const char *pair_key(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = node_at(r, pair->key);
	const char *word = node_word(r, key, "a key");
	char w[QUOTED_TEXT];

	if (!word)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++)
		if (!strcmp((const char *)node_at(r, p->key)->data.scalar.value, word)) {
			reader_fail(r, key, "%s is there twice, first in line %u",
			        quoted(word, w, sizeof w), node_mark(node_at(r, p->key)).line);
			return NULL;
		}
	return word;
}

#define MOST_PAIRS 256

int node_pairs(struct reader *r, const yaml_node_t *n, const char *what,
        int (*each)(struct reader *r, const char *key, const yaml_node_t *at,
                const yaml_node_t *value, void *into),
        void *into)
{
	char d[QUOTED_TEXT];

	if (spend(r, n))
		return -1;
	if (n->type != YAML_MAPPING_NODE)
		return reader_fail(
		        r, n, "expected %s, a map, not %s", what, node_describe(n, d, sizeof d));
	if (n->data.mapping.pairs.top - n->data.mapping.pairs.start > MOST_PAIRS)
		return reader_fail(r, n, "%s has more than %d keys", what, MOST_PAIRS);
	for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
	        p++) {
		const char *key = pair_key(r, n, p);

		if (!key || each(r, key, node_at(r, p->key), node_at(r, p->value), into))
			return -1;
	}
	return 0;
}

struct map_state {
	const struct field_map *map;
	void *into;
};

static int unknown_key(
        struct reader *r, const struct field_map *m, const yaml_node_t *at, const char *key)
{
	const char *names[128], *what;
	size_t n = 0;
	char text[128];

	for (size_t i = 0; i < m->n && n < LENGTH(names); i++)
		names[n++] = m->fields[i].key;
	for (const char *const *o = m->other_names; o && *o && n < LENGTH(names); o++)
		names[n++] = *o;
	what = m->what;
	snprintf(text, sizeof text, "key of %s:", what);
	return reader_unknown(r, at, text, key, names, n);
}

static int map_pair(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *arg)
{
	const struct map_state *s = arg;
	int taken;

	for (size_t i = 0; i < s->map->n; i++)
		if (!strcmp(s->map->fields[i].key, key))
			return s->map->fields[i].read(r, value, s->into);
	taken = s->map->other ? s->map->other(r, key, at, value, s->into) : 0;
	if (taken)
		return taken < 0 ? -1 : 0;
	return unknown_key(r, s->map, at, key);
}

int node_map(struct reader *r, const yaml_node_t *n, const struct field_map *m, void *into)
{
	struct map_state s = {m, into};

	return node_pairs(r, n, m->what, map_pair, &s);
}

int node_is_empty_list(const yaml_node_t *n)
{
	return n->type == YAML_SEQUENCE_NODE &&
	       n->data.sequence.items.top == n->data.sequence.items.start;
}

int node_list(struct reader *r, const yaml_node_t *n, size_t most, const char *expected,
        int (*each)(struct reader *r, const yaml_node_t *item, void *into), void *into)
{
	const yaml_node_item_t *start, *top;

	if (spend(r, n))
		return -1;
	if (n->type != YAML_SEQUENCE_NODE) {
		if (n->type == YAML_SCALAR_NODE && !n->data.scalar.length)
			return reader_fail(r, n, "expected %s, not nothing", expected);
		return each(r, n, into);
	}
	start = n->data.sequence.items.start;
	top = n->data.sequence.items.top;
	if (start == top)
		return reader_fail(r, n, "expected %s, not an empty list", expected);
	if ((size_t)(top - start) > most)
		return reader_fail(
		        r, n, "a list of %zu, expected at most %zu", (size_t)(top - start), most);
	for (; start < top; start++)
		if (each(r, node_at(r, *start), into))
			return -1;
	return 0;
}
