/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/idle.h"

#include "model/nft_rule.h"

#include <stdlib.h>
#include <string.h>

/* The packet filter counts what it dropped. */
static void hit_by_nft(char *hit, size_t n, const struct ev_counter *c)
{
	char name[NFT_RULE_NAME];

	if (strncmp(c->name, "nft.", 4) || !c->value)
		return;
	for (size_t i = 0; i < n; i++)
		hit[i] |= !strcmp(c->name + 4, nft_rule_name(i, name));
}

/* Which rules hit anything, one char each; the caller frees. */
static char *hits(const struct outcome *r, size_t n)
{
	char *hit = must(calloc(n + 1, 1));

	array_each (const struct event, e, &r->timeline->events) {
		if (e->kind == EV_SEGMENT && e->segment.rule >= 0 && (size_t)e->segment.rule < n)
			hit[e->segment.rule] = 1;
		else if (e->kind == EV_COUNTER)
			hit_by_nft(hit, n, &e->counter);
	}
	return hit;
}

void idle_rules(const struct outcome *r, void (*each)(void *arg, const char *text), void *arg)
{
	size_t n = r->scenario->rules.n;
	char *hit, text[400];

	if (!r->timeline || !r->timeline->events.n || !n)
		return;
	hit = hits(r, n);
	for (size_t i = 0; i < n; i++) {
		const struct wire_rule *w = &r->scenario->rules.v[i];

		if (hit[i])
			continue;
		snprintf(text, sizeof text, "rule %zu (line %u) hit nothing: %s", i + 1, w->at.line,
		        w->text ? w->text : w->action);
		each(arg, text);
	}
	free(hit);
}
