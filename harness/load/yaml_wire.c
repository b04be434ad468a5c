/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of the wire, and the words that select segments. */
#include "core/clock.h"
#include "yaml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const fault_names[] = {
#define FAULT(name, needs, takes, help) #name,
#include "netns/faults.def"
#undef FAULT
        NULL};

const char *const fault_helps[] = {
#define FAULT(name, needs, takes, help) help,
#include "netns/faults.def"
#undef FAULT
        NULL};

/* One word of a selector. 1 taken, 0 not a word of it, -1 said twice. */
static int selector_word(const char *word, int fate, struct segment_selector *s, int *role_seen)
{
	int v = segment_role_parse(word);

	if (v >= 0 || !strcmp(word, "any")) {
		s->role = v;
		return (*role_seen)++ ? -1 : 1;
	}
	if (!strcmp(word, "again") || !strcmp(word, "first")) {
		int was = s->again;

		s->again = *word == 'a';
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
	const char *names[ROLE_COUNT + FATE_COUNT + 4];
	size_t n = 0;

	for (int i = 0; i < ROLE_COUNT; i++)
		names[n++] = segment_role_names[i];
	for (int i = 0; fate && i < FATE_COUNT; i++)
		names[n++] = segment_fate_names[i];
	names[n++] = "any";
	names[n++] = "again";
	names[n++] = "first";
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
			        "%s is one word too many: a role, 'again' or 'first'%s",
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

struct rule_read {
	struct wire_rule rule;
	const yaml_node_t *action_at;
	int has_delay;
};

static int read_from(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	return value_host(r, n, &rr->rule.select.from);
}

static int read_times(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	if (n->type == YAML_SCALAR_NODE && !strcmp((const char *)n->data.scalar.value, "all")) {
		rr->rule.times = 0;
		return 0;
	}
	return value_unsigned(r, n, 1, 1000000, &rr->rule.times);
}

static int read_skip(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	return value_unsigned(r, n, 0, 1000000, &rr->rule.skip);
}

/* `in_total: yes` changes what `times` counts; `in_total: 3` says both at once. */
static int read_in_total(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	if (n->type == YAML_SCALAR_NODE &&
	        strspn((const char *)n->data.scalar.value, "0123456789")) {
		if (rr->rule.times)
			return reader_fail(
			        r, n, "'times' says how many already, expected yes or no");
		rr->rule.in_total = 1;
		return value_unsigned(r, n, 1, 1000000, &rr->rule.times);
	}
	return value_bool(r, n, &rr->rule.in_total);
}

static int read_by(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->has_delay = 1;
	return value_duration(r, n, &rr->rule.delay_ns);
}

const struct field rule_fields[] = {
        {"from", "client or server", "only segments that this host sent; default: both", read_from},
        {"times", "N or all", "how many it hits, of each connection; default: all", read_times},
        {"skip", "N", "how many it lets pass first, of each connection; default: 0", read_skip},
        {"in_total", "yes, no or N", "count over all connections together; N: so many in total",
                read_in_total},
        {"by", "a duration", "how long it delays", read_by},
};
const size_t rule_fields_n = LENGTH(rule_fields);

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
	rr->rule.action = must(strdup(key));
	rr->rule.select.role = s.role;
	rr->rule.select.again = s.again;
	return 1;
}

static void times_words(const struct wire_rule *w, char *buf, size_t size)
{
	static const char *const words_of[] = {"every time", "once", "twice"};

	if (w->times < LENGTH(words_of))
		snprintf(buf, size, "%s", words_of[w->times]);
	else
		snprintf(buf, size, "%u times", w->times);
}

/* "drop last-ack from client, once" */
static char *rule_text(const struct wire_rule *w)
{
	const struct segment_selector *s = &w->select;
	char times[32], skip[48] = "", delay[32] = "", ms[24], *text;

	times_words(w, times, sizeof times);
	if (w->skip)
		snprintf(skip, sizeof skip, ", after the first %u", w->skip);
	if (w->delay_ns)
		snprintf(
		        delay, sizeof delay, " by %s", duration_format(w->delay_ns, ms, sizeof ms));
	if (asprintf(&text, "%s %s%s%s%s%s, %s%s%s", w->action,
	            s->role < 0 ? "any segment" : segment_role_names[s->role],
	            s->again == 1   ? " sent again"
	            : s->again == 0 ? " sent first"
	                            : "",
	            s->from < 0 ? "" : " from ", s->from < 0 ? "" : actor_names[s->from], delay,
	            times, w->in_total ? " in all" : "", skip) < 0)
		text = NULL;
	return must(text);
}

static int rule_check(struct reader *r, const yaml_node_t *n, const struct rule_read *rr)
{
	int delays = rr->action_at && !strcmp(rr->rule.action, "delay");
	char names[128] = "";

	if (!rr->action_at) {
		for (size_t i = 0; fault_names[i]; i++)
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
			        i ? ", " : "", fault_names[i]);
		return reader_fail(r, n, "a rule without an action, expected one of %s", names);
	}
	if (delays && !rr->rule.delay_ns)
		return reader_fail(
		        r, n, "'delay' without 'by', expected how long: {delay: fin, by: 300ms}");
	if (!delays && rr->has_delay)
		return reader_fail(
		        r, n, "'by' says how long a 'delay' is; '%s' takes none", rr->rule.action);
	return 0;
}

static int read_rule(struct reader *r, const yaml_node_t *n, void *into)
{
	const struct field_map m = {.what = "a rule of the wire",
	        .fields = rule_fields,
	        .n = LENGTH(rule_fields),
	        .other = rule_action,
	        .other_names = fault_names};
	struct rule_read rr = {
	        .rule = {.at = node_mark(n),
	                .select = {.from = -1, .role = -1, .again = -1, .fate = -1}}};
	struct scenario *s = into;

	if (node_map(r, n, &m, &rr) || rule_check(r, n, &rr)) {
		free(rr.rule.action);
		return -1;
	}
	rr.rule.text = rule_text(&rr.rule);
	array_push(&s->rules, rr.rule);
	return 0;
}

int read_rules(struct reader *r, const yaml_node_t *n, void *scenario)
{
	return node_list(r, n, 100, "rules like {drop: last-ack, from: client, times: 1}",
	        read_rule, scenario);
}
