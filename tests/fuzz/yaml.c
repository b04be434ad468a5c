/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer on the scenario parser: no input may crash it, leak, or load as something that the rest
 * of the program would trip over. What loads is told in words too.
 */
#include "load/yaml.h"
#include "report/story.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the other parts rely on. */
static void check(const struct scenario *s)
{
	int expects = 0;

	if (!s->claim || !s->steps.n || !(s->families & 3) || !s->hosts[HOST_CLIENT].behaviour)
		abort();
	array_each (const struct step, st, &s->steps) {
		expects |= st->action == DO_EXPECT;
		array_each (const struct expectation, x, &st->expectations)
			if (!x->kind || !x->key || x->want.lo > x->want.hi)
				abort();
	}
	array_each (const struct wire_rule, r, &s->rules)
		if (!r->action || !r->text)
			abort();
	if (!expects)
		abort();
}

static void no_ip(FILE *out, const struct scenario *s, enum host h)
{
	fprintf(out, "%s %d\n", s->name, h);
}

static void tell(const struct scenario *s)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		abort();
	story_tell(out, s, 250);
	story_by_hand(out, s, 6, no_ip);
	fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct scenario *s = scenario_parse((const char *)data, size, "fuzz", &err);

	if (!s) {
		if (err.kind != ERR_INPUT || !*err.text || strchr(err.text, '\n'))
			abort();
		return 0;
	}
	check(s);
	tell(s);
	scenario_free(s);
	return 0;
}
