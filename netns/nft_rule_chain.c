/* SPDX-License-Identifier: BSD-2-Clause */
/* One rule: its sets, and the chain that drops what it selects. */
#include "nft_rules_inner.h"

const char *const nft_set_names[SETS] = {"again", "before", "until", "skip", "times"};

unsigned nft_sets_of(const struct wire_rule *w)
{
	const struct bounds *o = &w->select.ordinal;
	unsigned sets = 0;

	if (w->select.again >= 0)
		sets |= SET_AGAIN;
	if (o->on && o->lo > 1)
		sets |= SET_BEFORE;
	if (o->on && o->hi < 200000)
		sets |= SET_UNTIL;
	if (w->skip && !w->in_total)
		sets |= SET_SKIP;
	if (w->times && !w->in_total)
		sets |= SET_TIMES;
	return sets;
}

void nft_rule_declare(const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	char set[NFT_RULE_NAME + 16];

	nft_line(t, " counter %s { }", name);
	for (unsigned i = 0; i < SETS; i++) {
		if (!(nft_sets_of(w) & 1u << i))
			continue;
		snprintf(set, sizeof set, "%s_%s", name, nft_set_names[i]);
		nft_declare_set(t, set);
	}
}

/* "return" for what is selected and among the first N of its connection, or beyond them. */
static void count_to(const struct nft_ruleset *t, const char *name, const char *set, int over,
        unsigned long long n)
{
	nft_line(t, "  add @%s_%s { %s limit rate %s1/day burst %llu packets } return", name, set,
	        t->here, over ? "over " : "", n);
}

static void narrow_by_flags(const struct nft_ruleset *t, const struct segment_selector *s)
{
	if (s->flags_on | s->flags_off)
		nft_line(t, "  tcp flags & 0x%x != 0x%x return", s->flags_on | s->flags_off,
		        s->flags_on);
}

/* Ordinals are counted before anything else is asked of a segment. */
static void narrow_by_ordinal(
        const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	const struct bounds *o = &w->select.ordinal;
	unsigned sets = nft_sets_of(w);

	if (sets & SET_BEFORE)
		count_to(t, name, "before", 0, (unsigned long long)o->lo - 1);
	if (sets & SET_UNTIL)
		count_to(t, name, "until", 1,
		        (unsigned long long)(o->hi - (o->lo > 1 ? o->lo - 1 : 0)));
}

static void narrow_by_again(
        const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	if (w->select.again == 1)
		nft_line(t, "  %s != @%s_again add @%s_again { %s } return", t->here, name, name,
		        t->here);
	else if (w->select.again == 0)
		nft_line(t, "  %s @%s_again return\n  add @%s_again { %s }", t->here, name, name,
		        t->here);
}

static void narrow_by_count(
        const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	if (w->skip && w->in_total)
		nft_line(t, "  limit rate 1/day burst %u packets return", w->skip);
	else if (w->skip)
		count_to(t, name, "skip", 0, w->skip);
	if (w->every > 1)
		nft_line(t, "  numgen inc mod %u != 0 return", w->every);
	if (w->times && w->in_total)
		nft_line(t, "  limit rate over 1/day burst %u packets return", w->times);
	else if (w->times)
		count_to(t, name, "times", 1, w->times);
}

static void count_and_drop(const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	narrow_by_count(t, w, name);
	nft_line(t, "  counter name %s drop\n }", name);
}

/*
 * Of either port: what has it goes on in a chain of its own. nft 1.0.6 makes one comparison of
 * `tcp sport != 1 tcp dport != 1 return`, which is then true when only one of them differs.
 */
static void narrow_by_port(const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	nft_line(t, "  tcp sport %u goto %s_port\n  tcp dport %u goto %s_port\n }", w->select.port,
	        name, w->select.port, name);
}

void nft_rule_chain(const struct nft_ruleset *t, const struct wire_rule *w, const char *name)
{
	if (w->select.port) {
		nft_line(t, " chain %s_port {", name);
		count_and_drop(t, w, name);
	}
	nft_line(t, " chain %s {", name);
	narrow_by_ordinal(t, w, name);
	narrow_by_again(t, w, name);
	narrow_by_flags(t, &w->select);
	if (w->select.port)
		narrow_by_port(t, w, name);
	else
		count_and_drop(t, w, name);
}
