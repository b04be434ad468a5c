/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenario.h"

#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define ACTION_NAME(id, name, help) name,
#define ACTION_HELP(id, name, help) help,
const char *const step_action_names[DO_COUNT] = {STEP_ACTIONS(ACTION_NAME)};
const char *const step_action_helps[DO_COUNT] = {STEP_ACTIONS(ACTION_HELP)};

const char *const verdict_names[VERDICT_COUNT] = {"PASS", "FAIL", "SKIP", "ERROR"};

static void words_free(words *w)
{
	array_each (char *, s, w)
		free(*s);
	array_free(w);
}

static void sysctls_free(sysctls *s)
{
	array_each (struct sysctl_setting, x, s) {
		free(x->name);
		free(x->value);
	}
	array_free(s);
}

static void step_free(struct step *s)
{
	free(s->rule_text);
	sysctls_free(&s->sysctls);
	free(s->nft.text);
	array_each (struct expectation, x, &s->expectations) {
		free(x->key);
		array_free(&x->path);
		array_free(&x->order);
		array_free(&x->gaps);
	}
	array_free(&s->expectations);
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	free(s->path);
	free(s->name);
	free(s->claim);
	free(s->source);
	words_free(&s->tags);
	words_free(&s->needs);
	for (int h = 0; h < HOST_COUNT; h++) {
		free(s->hosts[h].behaviour);
		free(s->hosts[h].nft.text);
		sysctls_free(&s->hosts[h].sysctls);
	}
	array_each (struct wire_rule, r, &s->rules) {
		free(r->action);
		free(r->name);
		free(r->text);
	}
	array_free(&s->rules);
	array_each (struct step, st, &s->steps)
		step_free(st);
	array_free(&s->steps);
	free(s);
}

int scenario_has_tag(const struct scenario *s, const char *tag)
{
	array_each (char *, t, &s->tags)
		if (!strcmp(*t, tag))
			return 1;
	return 0;
}

int scenario_is_slow(const struct scenario *s)
{
	return scenario_has_tag(s, "slow");
}

/* Rules may do it, so it is taken for granted where there are any. */
int scenario_tracks(const struct scenario *s)
{
	const struct host_spec *r = &s->hosts[HOST_ROUTER];

	if (!r->present)
		return 0;
	if (r->nft.text || r->masquerade || r->firewall)
		return 1;
	array_each (struct sysctl_setting, x, &r->sysctls)
		if (!strncmp(x->name, "net.netfilter.nf_conntrack", 26))
			return 1;
	array_each (struct step, st, &s->steps) {
		if (st->action == DO_NFT || st->action == DO_CONNTRACK)
			return 1;
		array_each (struct expectation, x, &st->expectations)
			if (x->host == HOST_ROUTER)
				return 1;
	}
	return 0;
}

enum link_kind scenario_link(const struct scenario *s)
{
	if (s->link != LINK_AUTO)
		return s->link;
	if (s->rules.n)
		return LINK_WIRE;
	array_each (struct step, st, &s->steps)
		array_each (struct expectation, x, &st->expectations)
			if (x->host == ACTOR_WIRE || x->path.n)
				return LINK_WIRE;
	return LINK_VETH;
}

void verdict_free(struct verdict *v)
{
	array_free(&v->findings);
}
