/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ruleset, for what arrives at one host:
 *
 *   in (prerouting) -- by flags --> syn, syn_ack, rst   the rules of that role, in order
 *                                   fin                 the same; one that is let through: @heard
 *                                   ack                 whose ACK is it: handshake_ack, ack_of_fin,
 *                                                       last_ack, or only rules for `any`
 *   out (output)    our SYN-ACK: @due    our FIN: @first, or @second after one was heard
 *
 * All sets are keyed by the four-tuple as it arrives here; a new connection's SYN empties them of
 * its own. That a tuple is counted to N is a `limit` of one a day with a burst of N.
 *
 * What it costs are the looks into sets, of which each misses the cache. What no rule and no
 * expectation needs is left out, and what was never entered is not taken out: a segment in the
 * middle of a connection costs a look at its flags, or, an ACK, one into the set of FINs.
 */
#include "nft_rules_inner.h"

#include <stdarg.h>

/* Four-tuples that there can be. */
static unsigned connections(const struct scenario *s)
{
	unsigned long long n = 512;

	array_each (struct step, st, &s->steps)
		if (st->action == DO_CONNECT || st->action == DO_CHURN)
			n += st->count;
	return n < 4000000 ? (unsigned)n : 4000000;
}

void nft_line(const struct nft_ruleset *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	fputc('\n', t->out);
}

void nft_declare_set(const struct nft_ruleset *t, const char *name)
{
	nft_line(t, " set %s { typeof %s; size %u; flags dynamic; }", name, t->here, t->room);
}

static void declare_counters(const struct nft_ruleset *t)
{
	char name[NFT_ROLE_NAME];

	for (enum segment_role role = 0; role < ROLE_COUNT; role++) {
		if (!nft_is_counted(t, role))
			continue;
		nft_line(t, " counter %s { }", nft_role_name(role, 0, name));
		nft_line(t, " counter %s { }", nft_role_name(role, 1, name));
		nft_declare_set(t, name);
	}
}

static void declare_all(const struct nft_ruleset *t)
{
	char name[NFT_RULE_NAME];

	declare_counters(t);

	array_each (struct wire_rule, w, &t->s->rules)
		if (nft_arrives(w, t->at))
			nft_rule_declare(t, w, nft_rule_name((size_t)(w - t->s->rules.v), name));
	if (nft_watches_syns(t))
		nft_line(t,
		        " set syns { typeof %s . tcp sequence; size %u; "
		        "flags dynamic,timeout; timeout 5m; }",
		        t->here, t->room);
	if (nft_watches_handshakes(t))
		nft_declare_set(t, "due");
	if (!nft_watches_fins(t))
		return;
	nft_declare_set(t, "heard");
	if (nft_has_role(t, ROLE_ACK_OF_FIN))
		nft_declare_set(t, "first");
	if (nft_has_role(t, ROLE_LAST_ACK))
		nft_declare_set(t, "second");
	nft_line(t, " set fins { typeof %s . tcp ackseq; size %u; flags dynamic; }", t->here,
	        t->room);
}

static int answers_fin(int role)
{
	return role == ROLE_ACK_OF_FIN || role == ROLE_LAST_ACK;
}

/* The sets of rules and counters, of the ACKs of FINs or of all others. */
static void empty(const struct nft_ruleset *t, const char *key, int of_fins)
{
	char name[NFT_RULE_NAME], role_name[NFT_ROLE_NAME];

	for (enum segment_role role = 0; role < ROLE_COUNT; role++)
		if (nft_is_counted(t, role) && answers_fin(role) == of_fins)
			nft_line(t, "  delete @%s { %s }", nft_role_name(role, 1, role_name), key);
	array_each (struct wire_rule, w, &t->s->rules) {
		nft_rule_name((size_t)(w - t->s->rules.v), name);
		for (unsigned i = 0; nft_arrives(w, t->at) && i < SETS; i++)
			if (nft_sets_of(w) & 1u << i && answers_fin(w->select.role) == of_fins)
				nft_line(t, "  delete @%s_%s { %s }", name, nft_set_names[i], key);
	}
}

/* An ACK of a FIN has been counted only where there was a FIN. */
static void forget_fins(const struct nft_ruleset *t, const char *key)
{
	nft_line(t, " chain forget_fins {");
	empty(t, key, 1);
	nft_line(t, "  delete @heard { %s }", key);
	if (nft_has_role(t, ROLE_ACK_OF_FIN))
		nft_line(t, "  delete @first { %s }", key);
	if (nft_has_role(t, ROLE_LAST_ACK))
		nft_line(t, "  delete @second { %s }", key);
	nft_line(t, " }");
}

/* The client's SYN begins a connection, if it is not the one before sent again. */
static void begins(const struct nft_ruleset *t)
{
	const char *key = t->at == HOST_SERVER ? t->here : t->back;

	if (nft_watches_fins(t))
		forget_fins(t, key);
	nft_line(t, " chain begins {");
	if (nft_watches_syns(t))
		nft_line(t, "  %s . tcp sequence @syns return\n  add @syns { %s . tcp sequence }",
		        key, key);
	empty(t, key, 0);
	if (nft_watches_handshakes(t))
		nft_line(t, "  delete @due { %s }", key);
	if (nft_watches_fins(t))
		nft_line(t, "  %s @heard jump forget_fins", key);
	if (nft_has_role(t, ROLE_ACK_OF_FIN))
		nft_line(t, "  %s @first jump forget_fins", key);
	nft_line(t, " }");
}

/* ---- by role ---- */

static void count(const struct nft_ruleset *t, enum segment_role role)
{
	char all[NFT_ROLE_NAME], again[NFT_ROLE_NAME];

	nft_role_name(role, 0, all);
	nft_role_name(role, 1, again);
	nft_line(t, "  counter name %s\n  %s @%s counter name %s\n  add @%s { %s }", all, t->here,
	        again, again, again, t->here);
}

static void role_chain(const struct nft_ruleset *t, const char *chain, int role)
{
	char name[NFT_RULE_NAME];

	nft_line(t, " chain %s {", chain);
	if (role == ROLE_SYN && t->at == HOST_SERVER && nft_remembers(t))
		nft_line(t, "  jump begins");
	if (nft_is_counted(t, role))
		count(t, (enum segment_role)role);
	array_each (struct wire_rule, w, &t->s->rules)
		if (nft_arrives(w, t->at) && (w->select.role == role || w->select.role < 0))
			nft_line(t, "  jump %s", nft_rule_name((size_t)(w - t->s->rules.v), name));
	if (role == ROLE_FIN && nft_watches_fins(t))
		nft_line(t, "  add @heard { %s }", t->here);
	nft_line(t, "  accept\n }");
}

/* An ACK without payload: then the length is that of the headers. */
static void pure(const struct nft_ruleset *t, const char *then)
{
	fprintf(t->out, "  tcp doff . %s length { ", t->family == 6 ? "ip6" : "ip");
	for (unsigned n = 5; n < 16; n++)
		fprintf(t->out, "%s%u . %u", n > 5 ? ", " : "", n,
		        4 * n + (t->family == 6 ? 0 : 20));
	fprintf(t->out, " } goto %s\n", then);
}

/* Of the FIN that was sent first, or second. */
static void acks_of(const struct nft_ruleset *t, const char *which, int role, const char *chain)
{
	if (!nft_has_role(t, role))
		return;
	role_chain(t, chain, role);
	/* What acknowledges all before the FIN does not acknowledge the FIN. */
	nft_line(t, " chain of_%s {\n  %s . tcp ackseq @fins goto other\n  goto %s\n }", which,
	        t->here, chain);
}

static void ack_chains(const struct nft_ruleset *t)
{
	role_chain(t, "other", ROLE_COUNT);
	if (nft_watches_handshakes(t)) {
		role_chain(t, "handshake_ack", ROLE_HANDSHAKE_ACK);
		nft_line(t, " chain answers {\n  delete @due { %s }", t->here);
		pure(t, "handshake_ack");
		nft_line(t, " }");
	}
	acks_of(t, "first", ROLE_ACK_OF_FIN, "ack_of_fin");
	acks_of(t, "second", ROLE_LAST_ACK, "last_ack");
	if (nft_watches_fins(t)) {
		nft_line(t, " chain pure {");
		if (nft_has_role(t, ROLE_LAST_ACK))
			nft_line(t, "  %s @second goto of_second", t->here);
		if (nft_has_role(t, ROLE_ACK_OF_FIN))
			nft_line(t, "  %s @first goto of_first", t->here);
		nft_line(t, "  goto other\n }");
	}
	nft_line(t, " chain ack {");
	if (nft_watches_handshakes(t))
		nft_line(t, "  %s @due jump answers", t->here);
	if (nft_watches_fins(t))
		pure(t, "pure");
	nft_line(t, "  goto other\n }");
}

static void in(const struct nft_ruleset *t)
{
	static const struct {
		int role;
		const char *flags[9], *chain;
	} by[] = {
	        {ROLE_SYN, {"syn", "syn|fin"}, "syn"},
	        {ROLE_SYN_ACK, {"syn|ack", "syn|fin|ack"}, "syn_ack"},
	        {ROLE_FIN, {"fin", "fin|ack"}, "fin"},
	        {ROLE_RST,
	                {"rst", "rst|ack", "rst|fin", "rst|fin|ack", "rst|syn", "rst|syn|ack",
	                        "rst|syn|fin", "rst|syn|fin|ack"},
	                "rst"},
	};
	const char *before = "";

	for (size_t k = 0; k < sizeof by / sizeof *by; k++)
		if (nft_is_used(t, by[k].role))
			role_chain(t, by[k].chain, by[k].role);
	nft_line(t, " chain in {\n  type filter hook prerouting priority -400");
	fputs("  tcp flags & (fin|syn|rst|ack) vmap { ", t->out);
	for (size_t k = 0; k < sizeof by / sizeof *by; k++)
		for (int n = 0; nft_is_used(t, by[k].role) && by[k].flags[n]; n++) {
			fprintf(t->out, "%s%s : goto %s", before, by[k].flags[n], by[k].chain);
			before = ", ";
		}
	if (nft_watches_fins(t) || nft_watches_handshakes(t) || nft_has_role(t, -1)) {
		fprintf(t->out, "%sack : goto ack, 0x0 : goto other", before);
		before = ", ";
	}
	nft_line(t, "%s }\n }", *before ? "" : "0x0 : accept");
}

/* One that is sent again stays what it was: of the first, the other side's may have come since. */
static void own_fin(const struct nft_ruleset *t)
{
	nft_line(t,
	        " chain own_fin {\n  %s . tcp sequence @fins return\n"
	        "  add @fins { %s . tcp sequence }",
	        t->back, t->back);
	if (nft_has_role(t, ROLE_LAST_ACK))
		nft_line(t, "  %s @heard add @second { %s } return", t->back, t->back);
	else
		nft_line(t, "  %s @heard return", t->back);
	if (nft_has_role(t, ROLE_ACK_OF_FIN))
		nft_line(t, "  add @first { %s }", t->back);
	nft_line(t, " }");
}

static void out(const struct nft_ruleset *t)
{
	int begins_here = t->at == HOST_CLIENT && nft_remembers(t);

	if (!nft_watches_fins(t) && !nft_watches_handshakes(t) && !begins_here)
		return;
	if (nft_watches_fins(t))
		own_fin(t);
	nft_line(t, " chain out {\n  type filter hook output priority 0");
	if (nft_watches_fins(t))
		nft_line(t, "  tcp flags & (fin|syn|rst) == fin goto own_fin");
	if (nft_watches_handshakes(t))
		nft_line(t, "  tcp flags & (syn|rst|ack) == syn|ack add @due { %s }", t->back);
	if (begins_here)
		nft_line(t, "  tcp flags & (syn|rst|ack) == syn goto begins");
	nft_line(t, " }");
}

void nft_rules_print(const struct scenario *s, enum host at, unsigned family, FILE *to)
{
	struct nft_ruleset t = {
	        .out = to, .room = connections(s), .s = s, .at = at, .family = family};
	const char *ip = family == 6 ? "ip6" : "ip";
	char name[NFT_RULE_NAME];

	snprintf(t.here, sizeof t.here, "%s saddr . tcp sport . %s daddr . tcp dport", ip, ip);
	snprintf(t.back, sizeof t.back, "%s daddr . tcp dport . %s saddr . tcp sport", ip, ip);
	nft_line(&t, "table %s " NFT_RULES_TABLE " {", ip);
	declare_all(&t);
	array_each (struct wire_rule, w, &s->rules)
		if (nft_arrives(w, at))
			nft_rule_chain(&t, w, nft_rule_name((size_t)(w - s->rules.v), name));
	if (nft_remembers(&t))
		begins(&t);
	ack_chains(&t);
	in(&t);
	out(&t);
	nft_line(&t, "}");
}
