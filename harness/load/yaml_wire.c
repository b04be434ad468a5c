/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that select segments: "fin again from server dropped". */
#include "yaml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word of a selector. 1 taken, 0 not a word of it, -1 said twice. */
static int selector_word(const char *word, int fate, struct segment_selector *s, int *role_seen)
{
	int v = segment_role_parse(word);

	if (v >= 0 || !strcmp(word, "any")) {
		s->role = v;
		return (*role_seen)++ ? -1 : 1;
	}
	v = segment_sent_parse(word);
	if (v >= 0) {
		int was = s->again;

		s->again = v;
		return was >= 0 ? -1 : 1;
	}
	v = fate ? segment_fate_parse(word) : -1;
	if (v >= 0) {
		int was = s->fate;

		s->fate = v;
		return was >= 0 ? -1 : 1;
	}
	return 0;
}

static int unknown_word(struct reader *r, const yaml_node_t *at, const char *word, int fate)
{
	const char *names[ROLE_COUNT + FATE_COUNT + SENT_COUNT + 1];
	size_t n = 0;

	for (int i = 0; i < ROLE_COUNT; i++)
		names[n++] = segment_role_names[i];
	for (int i = 0; fate && i < FATE_COUNT; i++)
		names[n++] = segment_fate_names[i];
	names[n++] = "any";
	for (int i = 0; i < SENT_COUNT; i++)
		names[n++] = segment_sent_names[i];
	return reader_unknown(r, at, "word for segments", word, names, n);
}

static int selector_from(
        struct reader *r, const yaml_node_t *at, const char *host, struct segment_selector *s)
{
	char w[QUOTED_TEXT];

	if (s->from >= 0)
		return reader_fail(r, at, "'from' is there twice");
	s->from = host ? actor_parse(host) : -1;
	if (s->from != HOST_CLIENT && s->from != HOST_SERVER)
		return reader_fail(r, at, "expected client or server after 'from', not %s",
		        host ? quoted(host, w, sizeof w) : "nothing");
	return 0;
}

static int selector_words(
        struct reader *r, const yaml_node_t *at, char *text, int fate, struct segment_selector *s)
{
	int role_seen = 0, taken;
	char *save, w[QUOTED_TEXT];

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (fate && !strcmp(word, "from")) {
			if (selector_from(r, at, strtok_r(NULL, " ", &save), s))
				return -1;
			continue;
		}
		taken = selector_word(word, fate, s, &role_seen);
		if (!taken)
			return unknown_word(r, at, word, fate);
		if (taken < 0)
			return reader_fail(r, at,
			        "%s is one word too many: a role, 'again', 'first' or 'probe'%s",
			        quoted(word, w, sizeof w), fate ? ", a host, a fate" : "");
	}
	return 0;
}

int value_selector(struct reader *r, const yaml_node_t *at, const char *text, int fate,
        struct segment_selector *ret)
{
	char *copy = must(strdup(text));
	int failed;

	*ret = (struct segment_selector){.from = -1, .role = -1, .again = -1, .fate = -1};
	failed = selector_words(r, at, copy, fate, ret);
	free(copy);
	return failed;
}
