/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the whole scenario can tell: its parts must fit each other. */
#include "core/words.h"
#include "model/nft_rule.h"
#include "yaml_internal.h"

#include <stdlib.h>
#include <string.h>

static int fail_at(struct reader *r, struct mark m, const char *text)
{
	return err_set(r->err, ERR_INPUT, "%s:%u:%u: %s", r->name, m.line, m.column, text);
}

static int check_addresses(struct reader *r, const struct step *st)
{
	const struct host_spec *hosts = r->scenario->hosts;

	if (st->action != DO_CONNECT && st->action != DO_CHURN)
		return 0;
	if (st->to > hosts[HOST_SERVER].addresses)
		return fail_at(r, st->at, "'to' is more than the server's 'addresses'");
	if (st->from > hosts[HOST_CLIENT].addresses)
		return fail_at(r, st->at, "'from' is more than the client's 'addresses'");
	return 0;
}

static int holds_something(const struct scenario *s)
{
	array_each (struct wire_rule, w, &s->rules)
		if (!strcmp(w->action, "hold"))
			return 1;
	return 0;
}

static int find_rule(struct reader *r, struct step *st)
{
	const struct scenario *s = r->scenario;
	const char *names[100];
	size_t n = 0;

	for (size_t i = 0; i < s->rules.n; i++) {
		const char *name = s->rules.v[i].name;

		if (name && !strcmp(name, st->rule_text)) {
			st->rule = (int)i;
			return 0;
		}
		if (name && n < LENGTH(names))
			names[n++] = name;
	}
	if (!n)
		return fail_at(r, st->at, "no rule of the wire has a 'name': nothing to remove");
	return err_set(r->err, ERR_INPUT, "%s:%u:%u: no rule of the wire is named so, nearest: %s",
	        r->name, st->at.line, st->at.column,
	        words_nearest(st->rule_text, names, n) ? words_nearest(st->rule_text, names, n)
	                                               : names[0]);
}

/* `there`: which rules are on the wire before this step. */
static int check_removal(struct reader *r, struct step *st, char *there)
{
	if (!st->rule_text) {
		memset(there, 0, r->scenario->rules.n);
		return 0;
	}
	if (find_rule(r, st))
		return -1;
	if (!there[st->rule])
		return fail_at(r, st->at,
		        "this rule is not on the wire here: it is added later, or removed before");
	there[st->rule] = 0;
	return 0;
}

static int check_removals(struct reader *r)
{
	struct scenario *s = r->scenario;
	char *there = must(calloc(s->rules.n + 1, 1));
	int failed = 0;

	for (size_t i = 0; i < s->rules.n; i++)
		there[i] = !s->rules.v[i].off;
	array_each (struct step, st, &s->steps) {
		if (st->action == DO_ADD)
			there[st->rule] = 1;
		if (st->action == DO_REMOVE && !failed)
			failed = check_removal(r, st, there);
	}
	free(there);
	return failed;
}

static int check_mtus(struct reader *r)
{
	const struct scenario *s = r->scenario;

	array_each (struct wire_rule, w, &s->rules)
		if (s->families == 2 && !strcmp(w->action, "too_big") && w->bytes < 1280)
			return fail_at(
			        r, w->at, "no link has an MTU below 1280 for IPv6 (RFC 8200)");
	return 0;
}

static int check_expectation(struct reader *r, const struct expectation *x)
{
	const struct scenario *s = r->scenario;

	const char *why = NULL;

	if (x->host == ACTOR_WIRE && s->link == LINK_VETH)
		why = strcmp(x->kind, "segment") ? "it keeps neither their order nor their times"
		                                 : nft_segment_fault(s, &x->segment);
	if (why)
		return err_set(r->err, ERR_INPUT,
		        "%s:%u:%u: these segments are seen only with 'link: wire'; nft, which "
		        "counts over veth, cannot: %s",
		        r->name, x->at.line, x->at.column, why);
	if (x->host == HOST_ROUTER && !s->hosts[HOST_ROUTER].present)
		return fail_at(r, x->at, "this scenario has no router");
	if (!strcmp(x->kind, "conntrack") && x->host != HOST_ROUTER)
		return fail_at(r, x->at, "only a router is asked for its 'conntrack'");
	if (x->host == HOST_ROUTER && strcmp(x->kind, "conntrack"))
		return fail_at(r, x->at,
		        "of a router only its 'conntrack' can be expected: no program runs there");
	return 0;
}

/* No program runs on a router, and rules are nobody else's. */
static int check_hosts(struct reader *r)
{
	const struct mark top = {1, 1};

	for (int h = 0; h < HOST_COUNT; h++) {
		const struct host_spec *x = &r->scenario->hosts[h];

		if (h != HOST_ROUTER && (x->nft.text || x->masquerade || x->firewall))
			return fail_at(r, x->nft.text ? x->nft.at : top,
			        "'nft', 'masquerade' and 'firewall' are for the router");
		if (h == HOST_ROUTER && x->behaviour)
			return fail_at(r, top, "a router runs no program: it has no behaviour");
	}
	return 0;
}

static int opens(const struct step *st)
{
	return st->action == DO_CONNECT || st->action == DO_CHURN;
}

/* On connections, of which there are none before the first step that opens some. */
static int check_opened(struct reader *r, const struct step *st, int opened)
{
	if (opened || (st->action != DO_SEND && st->action != DO_CLOSE &&
	                      st->action != DO_SHUTDOWN && st->action != DO_ABORT))
		return 0;
	return err_set(r->err, ERR_INPUT,
	        "%s:%u:%u: '%s' before any 'connect': there is no connection yet", r->name,
	        st->at.line, st->at.column, step_action_names[st->action]);
}

static int check_steps(struct reader *r)
{
	const struct scenario *s = r->scenario;
	int expects = 0, opened = 0;

	array_each (struct step, st, &s->steps) {
		opened |= opens(st);
		if (check_addresses(r, st) || check_opened(r, st, opened))
			return -1;
		if (st->action == DO_RELEASE && !holds_something(s))
			return fail_at(r, st->at,
			        "no rule of the wire holds segments: nothing to release");
		if (st->actor == HOST_ROUTER && !s->hosts[HOST_ROUTER].present)
			return fail_at(r, st->at, "this scenario has no router");
		expects |= st->action == DO_EXPECT;
		array_each (struct expectation, x, &st->expectations)
			if (check_expectation(r, x))
				return -1;
	}
	if (!expects)
		return fail_at(
		        r, s->steps.v[0].at, "no step expects anything: it would prove nothing");
	return 0;
}

/* Over a veth the packet filter must do what the wire would. */
static int check_nft(struct reader *r)
{
	const struct scenario *s = r->scenario;

	if (s->link != LINK_VETH)
		return 0;
	array_each (struct wire_rule, w, &s->rules) {
		const char *why = nft_rule_fault(s, w);

		if (why)
			return err_set(r->err, ERR_INPUT,
			        "%s:%u:%u: this rule needs 'link: wire'; nft, which does it over "
			        "veth, cannot: %s",
			        r->name, w->at.line, w->at.column, why);
	}
	return 0;
}

int scenario_check(struct reader *r)
{
	struct scenario *s = r->scenario;
	struct mark top = {1, 1};

	if (!s->claim)
		return fail_at(
		        r, top, "'claim' is missing, expected one sentence that is true or false");
	if (!s->steps.n)
		return fail_at(r, top, "'steps' is missing, expected a list of them");
	if (check_nft(r))
		return -1;
	if (scenario_has_tag(s, "slow") && scenario_has_tag(s, "fast"))
		return fail_at(r, top, "tagged both slow and fast");
	if (check_hosts(r))
		return -1;
	for (int h = 0; h <= HOST_SERVER; h++)
		if (!s->hosts[h].behaviour)
			s->hosts[h].behaviour = must(strdup(behaviour_names[0]));
	if (check_removals(r) || check_mtus(r))
		return -1;
	return check_steps(r);
}
