/* SPDX-License-Identifier: BSD-2-Clause */
/* What only a router has: rulesets of nft, and the states of its connection tracking. */
#include "yaml_internal.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_RULESET (64 << 10)

/* Columns before the text of a block: those of its first line that is not empty. */
static unsigned indent_of(const struct reader *r, unsigned line)
{
	const char *at = r->text, *end = r->text + r->size;
	unsigned n;

	for (; at && line > 1; line--)
		at = memchr(at, '\n', (size_t)(end - at)) ? strchr(at, '\n') + 1 : NULL;
	while (at && at < end && *at == '\n')
		at++;
	for (n = 0; at && at + n < end && at[n] == ' '; n++)
		;
	return n;
}

/* Where its lines are in the file, as far as they are the file's. */
static void find_lines(const struct reader *r, const yaml_node_t *n, struct nft_text *t)
{
	const char *text = (const char *)n->data.scalar.value;
	yaml_scalar_style_t style = n->data.scalar.style;

	if (style == YAML_LITERAL_SCALAR_STYLE) {
		t->first_line = t->at.line + 1;
		t->indent = indent_of(r, t->first_line);
	} else if (style != YAML_FOLDED_SCALAR_STYLE && n->start_mark.line == n->end_mark.line &&
	           !strchr(text, '\n')) {
		t->first_line = t->at.line;
		t->first_extra = t->at.column - 1 + (style != YAML_PLAIN_SCALAR_STYLE);
	}
}

int value_nft(struct reader *r, const yaml_node_t *n, struct nft_text *ret)
{
	const char *word = node_word(r, n, "a ruleset in the language of nft");

	if (!word)
		return -1;
	if (strlen(word) > LONGEST_RULESET)
		return reader_fail(r, n, "a ruleset of more than 64 KiB");
	ret->at = node_mark(n);
	free(ret->text);
	ret->text = must(strdup(word));
	find_lines(r, n, ret);
	return 0;
}

int value_conntrack(
        struct reader *r, const yaml_node_t *at, const char *word, enum conntrack_state *ret)
{
	for (int s = CT_NONE + 1; s <= CT_ANY; s++)
		if (!strcmp(word, conntrack_state_names[s])) {
			*ret = (enum conntrack_state)s;
			return 0;
		}
	return reader_unknown(r, at, "state of conntrack", word, conntrack_state_names + 1, CT_ANY);
}
