/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps: one actor and one action each. */
#include "yaml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CONNECTIONS 1000000
#define MOST_BYTES       (1ull << 30)

static int is_word(const yaml_node_t *n, const char *word)
{
	return n->type == YAML_SCALAR_NODE && !strcmp((const char *)n->data.scalar.value, word);
}

static int read_number(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_unsigned(r, n, 1, MOST_CONNECTIONS, &((struct step *)step)->count);
}

static int read_some(struct reader *r, const yaml_node_t *n, void *step)
{
	if (is_word(n, "all")) {
		((struct step *)step)->count = ALL;
		return 0;
	}
	return read_number(r, n, step);
}

static int read_bytes(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_count(r, n, 1, MOST_BYTES, &((struct step *)step)->bytes);
}

static int read_on_off(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_bool(r, n, &((struct step *)step)->on);
}

/* Actions that take no value are written `hold: all`, `start: yes`. */
static int read_yes(struct reader *r, const yaml_node_t *n, void *step)
{
	(void)step;
	if (is_word(n, "all") || is_word(n, "yes"))
		return 0;
	return reader_fail(r, n, "expected all or yes");
}

static int read_kill(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_signal(r, n, &((struct step *)step)->signal);
}

static int read_step_sysctl(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_sysctls(r, n, &((struct step *)step)->sysctls);
}

static int read_add(struct reader *r, const yaml_node_t *n, void *into)
{
	struct scenario *s = r->scenario;
	struct step *step = into;
	struct wire_rule *rule;

	if (read_rule(r, n, s))
		return -1;
	rule = &s->rules.v[s->rules.n - 1];
	rule->off = 1;
	step->rule = (int)(s->rules.n - 1);
	step->rule_text = must(strdup(rule->text));
	return 0;
}

/* Which rule that is, is looked up when all are read. */
static int read_remove(struct reader *r, const yaml_node_t *n, void *into)
{
	struct step *step = into;

	step->rule = -1;
	if (is_word(n, "all"))
		return 0;
	return value_text(r, n, "the name of a rule, or all", &step->rule_text);
}

static int read_step_nft(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_nft(r, n, &((struct step *)step)->nft);
}

static int read_flush(struct reader *r, const yaml_node_t *n, void *step)
{
	char d[QUOTED_TEXT];

	(void)step;
	if (is_word(n, "flush"))
		return 0;
	return reader_fail(r, n, "expected flush, not %s", node_describe(n, d, sizeof d));
}

#define CLIENT (1u << HOST_CLIENT)
#define SERVER (1u << HOST_SERVER)
#define PEERS  (CLIENT | SERVER | 1u << ACTOR_BOTH)
#define TIMES  (PARAM_WAIT | PARAM_AFTER)

const struct action_form action_forms[DO_COUNT] = {
        [DO_CONNECT] = {CLIENT, PARAM_TO | PARAM_FROM | PARAM_RATE | TIMES, "N", read_number},
        [DO_SEND] = {PEERS, PARAM_ON | TIMES, "bytes", read_bytes},
        [DO_CLOSE] = {PEERS, TIMES, "all or N", read_some},
        [DO_SHUTDOWN] = {PEERS, TIMES, "all or N", read_some},
        [DO_ABORT] = {PEERS, TIMES, "all or N", read_some},
        [DO_CHURN] = {CLIENT, PARAM_TO | PARAM_FROM | PARAM_RATE | TIMES, "N", read_number},
        [DO_ACCEPT] = {SERVER, PARAM_AFTER, "on or off", read_on_off},
        [DO_READ] = {PEERS, PARAM_AFTER, "on or off", read_on_off},
        [DO_HOLD] = {PEERS, PARAM_AFTER, "all", read_yes},
        [DO_KILL] = {PEERS, TIMES, "a signal", read_kill},
        [DO_START] = {PEERS, PARAM_AFTER, "yes", read_yes},
        [DO_SYSCTL] = {PEERS | 1u << HOST_ROUTER, PARAM_AFTER, "{net.ipv4.NAME: value}",
                read_step_sysctl},
        [DO_RELEASE] = {1u << ACTOR_WIRE, PARAM_AFTER, "all", read_yes},
        [DO_ADD] = {1u << ACTOR_WIRE, PARAM_AFTER, "a rule", read_add},
        [DO_REMOVE] = {1u << ACTOR_WIRE, PARAM_AFTER, "a rule's name or all", read_remove},
        [DO_NFT] = {1u << HOST_ROUTER, PARAM_AFTER, "a ruleset", read_step_nft},
        [DO_CONNTRACK] = {1u << HOST_ROUTER, PARAM_ON | PARAM_AFTER, "flush", read_flush},
        [DO_EXPECT] = {0}, /* no actor: see yaml_expect.c */
};

static int read_to(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_unsigned(r, n, 1, 250, &((struct step *)step)->to);
}

static int read_from(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_unsigned(r, n, 1, 250, &((struct step *)step)->from);
}

static int read_rate(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_rate(r, n, &((struct step *)step)->rate);
}

static int read_wait(struct reader *r, const yaml_node_t *n, void *step)
{
	int wait = 1;

	if (value_bool(r, n, &wait))
		return -1;
	((struct step *)step)->no_wait = !wait;
	return 0;
}

static int read_after(struct reader *r, const yaml_node_t *n, void *step)
{
	((struct step *)step)->has_after = 1;
	return value_duration(r, n, &((struct step *)step)->after_ns);
}

const struct field param_fields[] = {
        {"to", "N", "which address of the server, from 1; default 1", read_to},
        {"from", "N", "which address of the client, from 1; default: the kernel's choice",
                read_from},
        {"rate", "N", "so many a second; default: as fast as it goes", read_rate},
        {"on", "all or N", "how many connections, the oldest first; default: all", read_some},
        {"wait", "yes or no", "no: go on to the next step when the command is given", read_wait},
        {"after", "a duration", "begin that long after the step before has ended", read_after},
};
const size_t param_fields_n = LENGTH(param_fields);

struct step_read {
	struct step step;
	const struct action_form *form;
	const yaml_node_t *given[LENGTH(param_fields)];
};

static int find_action(const char *key)
{
	for (int a = 0; a < DO_COUNT; a++)
		if (a != DO_EXPECT && !strcmp(step_action_names[a], key))
			return a;
	return -1;
}

static int wrong_actor(struct reader *r, const yaml_node_t *at, const struct step_read *sr)
{
	char names[64] = "";

	for (int a = 0; a < ACTOR_COUNT; a++)
		if (sr->form->actors & 1u << a)
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
			        *names ? ", " : "", actor_names[a]);
	return reader_fail(r, at, "'%s' is nothing that the %s can do, expected %s",
	        step_action_names[sr->step.action], actor_names[sr->step.actor], names);
}

static int take_action(struct reader *r, int action, const yaml_node_t *at,
        const yaml_node_t *value, struct step_read *sr)
{
	unsigned on = sr->step.count;

	if (sr->form)
		return reader_fail(r, at, "a step has one action: '%s' and '%s'",
		        step_action_names[sr->step.action], step_action_names[action]);
	sr->step.action = (enum step_action)action;
	sr->form = &action_forms[action];
	if (!(sr->form->actors & 1u << sr->step.actor))
		return wrong_actor(r, at, sr);
	if (sr->form->read(r, value, &sr->step))
		return -1;
	if (sr->form->params & PARAM_ON && sr->given[3]) /* `on` came before the action */
		sr->step.count = on;
	return 0;
}

static int unknown_step_key(struct reader *r, const yaml_node_t *at, const char *key)
{
	const char *names[DO_COUNT + LENGTH(param_fields)];
	size_t n = 0;

	for (int a = 0; a < DO_COUNT; a++)
		if (a != DO_EXPECT)
			names[n++] = step_action_names[a];
	for (size_t i = 0; i < LENGTH(param_fields); i++)
		names[n++] = param_fields[i].key;
	return reader_unknown(r, at, "action", key, names, n);
}

static int step_pair(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct step_read *sr = into;
	int action = find_action(key);

	if (action >= 0)
		return take_action(r, action, at, value, sr);
	for (size_t i = 0; i < LENGTH(param_fields); i++)
		if (!strcmp(param_fields[i].key, key)) {
			sr->given[i] = at;
			return param_fields[i].read(r, value, &sr->step);
		}
	return unknown_step_key(r, at, key);
}

static int step_check(struct reader *r, const yaml_node_t *n, const struct step_read *sr)
{
	if (!sr->form)
		return reader_fail(
		        r, n, "a step without an action, expected one like {connect: 1}");
	for (size_t i = 0; i < LENGTH(param_fields); i++)
		if (sr->given[i] && !(sr->form->params & 1u << i))
			return reader_fail(r, sr->given[i], "'%s' takes no '%s'",
			        step_action_names[sr->step.action], param_fields[i].key);
	return 0;
}

static int read_action(struct reader *r, const yaml_node_t *value, struct step *step)
{
	struct step_read sr = {.step = *step};
	int failed = node_pairs(r, value, "an action like {connect: 1}", step_pair, &sr) ||
	             step_check(r, value, &sr);

	*step = sr.step;
	return failed ? -1 : 0;
}

static int step_actor(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	static const char *const valid[] = {"client", "server", "both", "wire", "router", "expect"};
	struct step *step = into;
	int actor = actor_parse(key);

	if (step->at.line)
		return reader_fail(r, at,
		        "a step has one actor, '%s' is a second one; begin a new step "
		        "with '-'",
		        key);
	step->at = node_mark(at);
	if (!strcmp(key, "expect")) {
		step->action = DO_EXPECT;
		step->actor = ACTOR_LAB;
		return read_expect(r, value, step);
	}
	if (actor < 0 || actor == ACTOR_LAB)
		return reader_unknown(r, at, "actor", key, valid, LENGTH(valid));
	step->actor = (enum host)actor;
	return read_action(r, value, step);
}

/* The step is put on the list first, so that scenario_free() ends it whatever happens. */
static int read_step(struct reader *r, const yaml_node_t *n, void *into)
{
	struct scenario *s = into;
	struct step blank = {.count = ALL, .to = 1}, *step;

	array_push(&s->steps, blank);
	step = &s->steps.v[s->steps.n - 1];
	if (node_pairs(r, n, "a step", step_actor, step))
		return -1;
	if (!step->at.line)
		return reader_fail(r, n, "an empty step, expected one like client: {connect: 1}");
	return 0;
}

int read_steps(struct reader *r, const yaml_node_t *n, void *scenario)
{
	char d[QUOTED_TEXT];

	if (n->type != YAML_SEQUENCE_NODE)
		return reader_fail(
		        r, n, "expected a list of steps, not %s", node_describe(n, d, sizeof d));
	return node_list(r, n, 1000, "steps", read_step, scenario);
}
