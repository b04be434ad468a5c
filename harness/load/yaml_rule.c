/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of the wire: an action, the segments that it selects, how many of them, its parameters. */
#include "yaml_rule.h"
#include "core/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT(name, fate, needs, takes, help) #name,
const char *const fault_names[] = {
#include "netns/faults.def"
        NULL};
#undef FAULT

#define FAULT(name, fate, needs, takes, help) help,
const char *const fault_helps[] = {
#include "netns/faults.def"
        NULL};
#undef FAULT

#define FAULT(name, fate, needs, takes, help) FATE_##fate,
const enum segment_fate fault_fates[] = {
#include "netns/faults.def"
};
#undef FAULT

/* The action of a rule is a key whose value selects the segments: {drop: last-ack}. */
static int rule_action(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct rule_read *rr = into;
	struct segment_selector s;
	const char *word;
	size_t i = 0;

	while (fault_names[i] && strcmp(fault_names[i], key))
		i++;
	if (!fault_names[i])
		return 0;
	if (rr->action_at)
		return reader_fail(
		        r, at, "a rule has one action: '%s' and '%s'", rr->rule.action, key);
	word = node_word(r, value, "segments like last-ack, or any");
	if (!word || value_selector(r, value, word, 0, &s))
		return -1;
	rr->action_at = at;
	rr->action = i;
	rr->rule.action = must(strdup(key));
	rr->rule.select.role = s.role;
	rr->rule.select.again = s.again;
	return 1;
}

/* ---- in words ---- */

static void times_words(const struct wire_rule *w, FILE *out)
{
	static const char *const words_of[] = {"every time", "once", "twice"};

	if (w->times < LENGTH(words_of))
		fputs(words_of[w->times], out);
	else
		fprintf(out, "%u times", w->times);
}

/* A value as it is written, maps without their braces. */
static int value_words(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *out)
{
	fprintf(out, " %s", key);
	if (value->type == YAML_MAPPING_NODE)
		return node_pairs(r, value, "a map", value_words, out);
	(void)at;
	if (value->type == YAML_SCALAR_NODE)
		fprintf(out, " %s", (const char *)value->data.scalar.value);
	return 0;
}

/* The keys that the sentence does not say otherwise. */
static int further_words(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *out)
{
	static const char *const said[] = {"from", "times", "skip", "in_total", "by", "name"};

	for (size_t i = 0; i < LENGTH(said); i++)
		if (!strcmp(said[i], key))
			return 0;
	for (size_t i = 0; fault_names[i]; i++)
		if (!strcmp(fault_names[i], key))
			return 0;
	fputc(',', out);
	return value_words(r, key, at, value, out);
}

/* "drop last-ack from client, once" */
static char *rule_text(struct reader *r, const yaml_node_t *n, const struct wire_rule *w)
{
	const struct segment_selector *s = &w->select;
	char ms[24], *text = NULL;
	size_t size;
	FILE *out = must(open_memstream(&text, &size));

	fprintf(out, "%s %s%s", w->action,
	        s->role < 0 ? "any segment" : segment_role_names[s->role],
	        s->again == SENT_PROBE   ? " sent as a probe"
	        : s->again == SENT_AGAIN ? " sent again"
	        : s->again == SENT_FIRST ? " sent first"
	                                 : "");
	if (s->from >= 0)
		fprintf(out, " from %s", actor_names[s->from]);
	if (w->delay_ns)
		fprintf(out, " by %s", duration_format(w->delay_ns, ms, sizeof ms));
	fputs(", ", out);
	times_words(w, out);
	if (w->in_total)
		fputs(" in all", out);
	if (w->skip)
		fprintf(out, ", after the first %u", w->skip);
	node_pairs(r, n, "a rule", further_words, out);
	fclose(out);
	return must(text);
}

/* The rule is put on the scenario's list. */
int read_rule(struct reader *r, const yaml_node_t *n, void *scenario)
{
	const struct field_map m = {.what = "a rule of the wire",
	        .fields = rule_fields,
	        .n = rule_fields_n,
	        .other = rule_action,
	        .other_names = fault_names};
	struct rule_read rr = {
	        .rule = {.at = node_mark(n),
	                .select = {.from = -1, .role = -1, .again = -1, .fate = -1}}};
	struct scenario *s = scenario;

	if (node_map(r, n, &m, &rr) || rule_check(r, n, &rr) || rule_check_name(r, &rr)) {
		free(rr.rule.action);
		free(rr.rule.name);
		return -1;
	}
	rr.rule.text = rule_text(r, n, &rr.rule);
	array_push(&s->rules, rr.rule);
	return 0;
}

int read_rules(struct reader *r, const yaml_node_t *n, void *scenario)
{
	if (node_is_empty_list(n)) /* a wire that only looks */
		return 0;
	return node_list(r, n, 100, "rules like {drop: last-ack, from: client, times: 1}",
	        read_rule, scenario);
}
