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
#include "nft_rules.h"

#include "model/nft_rule.h"

#include <stdarg.h>

struct text {
	FILE *out;
	unsigned room; /* of the sets: their tables are as large from the beginning */
	const struct scenario *s;
	enum host at;
	unsigned family;
	char here[96], back[96]; /* the tuple of what arrives, and the same of what leaves */
};

/* Four-tuples that there can be. */
static unsigned connections(const struct scenario *s)
{
	unsigned long long n = 512;

	array_each (struct step, st, &s->steps)
		if (st->action == DO_CONNECT || st->action == DO_CHURN)
			n += st->count;
	return n < 4000000 ? (unsigned)n : 4000000;
}

static enum host sender(enum host at)
{
	return at == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT;
}

static int arrives(const struct wire_rule *w, enum host at)
{
	return w->select.from < 0 || w->select.from == (int)sender(at);
}

int nft_rules_concern(const struct scenario *s, enum host at)
{
	array_each (struct wire_rule, w, &s->rules)
		if (arrives(w, at))
			return 1;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (nft_counts(s, (enum segment_role)role, sender(at)))
			return 1;
	return 0;
}

static int is_counted(const struct text *t, int role)
{
	return role >= 0 && role < ROLE_COUNT &&
	       nft_counts(t->s, (enum segment_role)role, sender(t->at));
}

static int has_role(const struct text *t, int role)
{
	if (is_counted(t, role))
		return 1;
	array_each (struct wire_rule, w, &t->s->rules)
		if (arrives(w, t->at) && w->select.role == role)
			return 1;
	return 0;
}

static int watches_fins(const struct text *t)
{
	return has_role(t, ROLE_ACK_OF_FIN) || has_role(t, ROLE_LAST_ACK);
}

static int watches_handshakes(const struct text *t)
{
	return has_role(t, ROLE_HANDSHAKE_ACK);
}

/* Something is remembered from the handshake on: then a SYN sent again must not empty the sets. */
static int watches_syns(const struct text *t)
{
	return has_role(t, -1) || has_role(t, ROLE_SYN) || has_role(t, ROLE_SYN_ACK) ||
	       watches_handshakes(t);
}

static void line(const struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line(const struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	fputc('\n', t->out);
}

/* ---- one rule ---- */

/* Sets of rule n that a new connection empties: those it has. */
enum { SET_AGAIN = 1, SET_BEFORE = 2, SET_UNTIL = 4, SET_SKIP = 8, SET_TIMES = 16, SETS = 5 };
static const char *const set_names[SETS] = {"again", "before", "until", "skip", "times"};

static unsigned sets_of(const struct wire_rule *w)
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

/* Anything of a connection that its successor must not find. */
static int remembers(const struct text *t)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (is_counted(t, role))
			return 1;
	array_each (struct wire_rule, w, &t->s->rules)
		if (arrives(w, t->at) && sets_of(w))
			return 1;
	return watches_syns(t) || watches_fins(t);
}

static int is_used(const struct text *t, int role)
{
	if (role == ROLE_SYN && t->at == HOST_SERVER && remembers(t)) /* begins */
		return 1;
	return has_role(t, role) || has_role(t, -1) || (role == ROLE_FIN && watches_fins(t));
}

static void declare(const struct text *t, const struct wire_rule *w, const char *name)
{
	line(t, " counter %s { }", name);
	for (unsigned i = 0; i < SETS; i++)
		if (sets_of(w) & 1u << i)
			line(t, " set %s_%s { typeof %s; size %u; flags dynamic; }", name,
			        set_names[i], t->here, t->room);
}

/* "return" for what is selected and among the first N of its connection, or beyond them. */
static void count_to(
        const struct text *t, const char *name, const char *set, int over, unsigned long long n)
{
	line(t, "  add @%s_%s { %s limit rate %s1/day burst %llu packets } return", name, set,
	        t->here, over ? "over " : "", n);
}

static void narrow_by_flags(const struct text *t, const struct segment_selector *s)
{
	if (s->flags_on | s->flags_off)
		line(t, "  tcp flags & 0x%x != 0x%x return", s->flags_on | s->flags_off,
		        s->flags_on);
	if (s->port)
		line(t, "  tcp sport != %u tcp dport != %u return", s->port, s->port);
}

/* Ordinals are counted before anything else is asked of a segment. */
static void narrow_by_ordinal(const struct text *t, const struct wire_rule *w, const char *name)
{
	const struct bounds *o = &w->select.ordinal;
	unsigned sets = sets_of(w);

	if (sets & SET_BEFORE)
		count_to(t, name, "before", 0, (unsigned long long)o->lo - 1);
	if (sets & SET_UNTIL)
		count_to(t, name, "until", 1,
		        (unsigned long long)(o->hi - (o->lo > 1 ? o->lo - 1 : 0)));
}

static void narrow_by_again(const struct text *t, const struct wire_rule *w, const char *name)
{
	if (w->select.again == 1)
		line(t, "  %s != @%s_again add @%s_again { %s } return", t->here, name, name,
		        t->here);
	else if (w->select.again == 0)
		line(t, "  %s @%s_again return\n  add @%s_again { %s }", t->here, name, name,
		        t->here);
}

static void narrow_by_count(const struct text *t, const struct wire_rule *w, const char *name)
{
	if (w->skip && w->in_total)
		line(t, "  limit rate 1/day burst %u packets return", w->skip);
	else if (w->skip)
		count_to(t, name, "skip", 0, w->skip);
	if (w->every > 1)
		line(t, "  numgen inc mod %u != 0 return", w->every);
	if (w->times && w->in_total)
		line(t, "  limit rate over 1/day burst %u packets return", w->times);
	else if (w->times)
		count_to(t, name, "times", 1, w->times);
}

static void rule(const struct text *t, const struct wire_rule *w, const char *name)
{
	line(t, " chain %s {", name);
	narrow_by_ordinal(t, w, name);
	narrow_by_again(t, w, name);
	narrow_by_flags(t, &w->select);
	narrow_by_count(t, w, name);
	line(t, "  counter name %s drop\n }", name);
}

/* ---- what all of them need ---- */

static void declare_counters(const struct text *t)
{
	char name[NFT_ROLE_NAME];

	for (enum segment_role role = 0; role < ROLE_COUNT; role++) {
		if (!is_counted(t, role))
			continue;
		line(t, " counter %s { }", nft_role_name(role, 0, name));
		line(t, " counter %s { }", nft_role_name(role, 1, name));
		line(t, " set %s { typeof %s; size %u; flags dynamic; }", name, t->here, t->room);
	}
}

static void declare_set(const struct text *t, const char *name)
{
	line(t, " set %s { typeof %s; size %u; flags dynamic; }", name, t->here, t->room);
}

static void declare_all(const struct text *t)
{
	char name[NFT_RULE_NAME];

	declare_counters(t);

	array_each (struct wire_rule, w, &t->s->rules)
		if (arrives(w, t->at))
			declare(t, w, nft_rule_name((size_t)(w - t->s->rules.v), name));
	if (watches_syns(t))
		line(t,
		        " set syns { typeof %s . tcp sequence; size %u; "
		        "flags dynamic,timeout; timeout 5m; }",
		        t->here, t->room);
	if (watches_handshakes(t))
		declare_set(t, "due");
	if (!watches_fins(t))
		return;
	declare_set(t, "heard");
	if (has_role(t, ROLE_ACK_OF_FIN))
		declare_set(t, "first");
	if (has_role(t, ROLE_LAST_ACK))
		declare_set(t, "second");
	line(t, " set fins { typeof %s . tcp ackseq; size %u; flags dynamic; }", t->here, t->room);
}

static int answers_fin(int role)
{
	return role == ROLE_ACK_OF_FIN || role == ROLE_LAST_ACK;
}

/* The sets of rules and counters, of the ACKs of FINs or of all others. */
static void empty(const struct text *t, const char *key, int of_fins)
{
	char name[NFT_RULE_NAME], role_name[NFT_ROLE_NAME];

	for (enum segment_role role = 0; role < ROLE_COUNT; role++)
		if (is_counted(t, role) && answers_fin(role) == of_fins)
			line(t, "  delete @%s { %s }", nft_role_name(role, 1, role_name), key);
	array_each (struct wire_rule, w, &t->s->rules) {
		nft_rule_name((size_t)(w - t->s->rules.v), name);
		for (unsigned i = 0; arrives(w, t->at) && i < SETS; i++)
			if (sets_of(w) & 1u << i && answers_fin(w->select.role) == of_fins)
				line(t, "  delete @%s_%s { %s }", name, set_names[i], key);
	}
}

/* An ACK of a FIN has been counted only where there was a FIN. */
static void forget_fins(const struct text *t, const char *key)
{
	line(t, " chain forget_fins {");
	empty(t, key, 1);
	line(t, "  delete @heard { %s }", key);
	if (has_role(t, ROLE_ACK_OF_FIN))
		line(t, "  delete @first { %s }", key);
	if (has_role(t, ROLE_LAST_ACK))
		line(t, "  delete @second { %s }", key);
	line(t, " }");
}

/* The client's SYN begins a connection, if it is not the one before sent again. */
static void begins(const struct text *t)
{
	const char *key = t->at == HOST_SERVER ? t->here : t->back;

	if (watches_fins(t))
		forget_fins(t, key);
	line(t, " chain begins {");
	if (watches_syns(t))
		line(t, "  %s . tcp sequence @syns return\n  add @syns { %s . tcp sequence }", key,
		        key);
	empty(t, key, 0);
	if (watches_handshakes(t))
		line(t, "  delete @due { %s }", key);
	if (watches_fins(t))
		line(t, "  %s @heard jump forget_fins", key);
	if (has_role(t, ROLE_ACK_OF_FIN))
		line(t, "  %s @first jump forget_fins", key);
	line(t, " }");
}

/* ---- by role ---- */

static void count(const struct text *t, enum segment_role role)
{
	char all[NFT_ROLE_NAME], again[NFT_ROLE_NAME];

	nft_role_name(role, 0, all);
	nft_role_name(role, 1, again);
	line(t, "  counter name %s\n  %s @%s counter name %s\n  add @%s { %s }", all, t->here,
	        again, again, again, t->here);
}

static void role_chain(const struct text *t, const char *chain, int role)
{
	char name[NFT_RULE_NAME];

	line(t, " chain %s {", chain);
	if (role == ROLE_SYN && t->at == HOST_SERVER && remembers(t))
		line(t, "  jump begins");
	if (is_counted(t, role))
		count(t, (enum segment_role)role);
	array_each (struct wire_rule, w, &t->s->rules)
		if (arrives(w, t->at) && (w->select.role == role || w->select.role < 0))
			line(t, "  jump %s", nft_rule_name((size_t)(w - t->s->rules.v), name));
	if (role == ROLE_FIN && watches_fins(t))
		line(t, "  add @heard { %s }", t->here);
	line(t, "  accept\n }");
}

/* An ACK without payload: then the length is that of the headers. */
static void pure(const struct text *t, const char *then)
{
	fprintf(t->out, "  tcp doff . %s length { ", t->family == 6 ? "ip6" : "ip");
	for (unsigned n = 5; n < 16; n++)
		fprintf(t->out, "%s%u . %u", n > 5 ? ", " : "", n,
		        4 * n + (t->family == 6 ? 0 : 20));
	fprintf(t->out, " } goto %s\n", then);
}

/* Of the FIN that was sent first, or second. */
static void acks_of(const struct text *t, const char *which, int role, const char *chain)
{
	if (!has_role(t, role))
		return;
	role_chain(t, chain, role);
	/* What acknowledges all before the FIN does not acknowledge the FIN. */
	line(t, " chain of_%s {\n  %s . tcp ackseq @fins goto other\n  goto %s\n }", which, t->here,
	        chain);
}

static void ack_chains(const struct text *t)
{
	role_chain(t, "other", ROLE_COUNT);
	if (watches_handshakes(t)) {
		role_chain(t, "handshake_ack", ROLE_HANDSHAKE_ACK);
		line(t, " chain answers {\n  delete @due { %s }", t->here);
		pure(t, "handshake_ack");
		line(t, " }");
	}
	acks_of(t, "first", ROLE_ACK_OF_FIN, "ack_of_fin");
	acks_of(t, "second", ROLE_LAST_ACK, "last_ack");
	if (watches_fins(t)) {
		line(t, " chain pure {");
		if (has_role(t, ROLE_LAST_ACK))
			line(t, "  %s @second goto of_second", t->here);
		if (has_role(t, ROLE_ACK_OF_FIN))
			line(t, "  %s @first goto of_first", t->here);
		line(t, "  goto other\n }");
	}
	line(t, " chain ack {");
	if (watches_handshakes(t))
		line(t, "  %s @due jump answers", t->here);
	if (watches_fins(t))
		pure(t, "pure");
	line(t, "  goto other\n }");
}

static void in(const struct text *t)
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
		if (is_used(t, by[k].role))
			role_chain(t, by[k].chain, by[k].role);
	line(t, " chain in {\n  type filter hook prerouting priority -400");
	fputs("  tcp flags & (fin|syn|rst|ack) vmap { ", t->out);
	for (size_t k = 0; k < sizeof by / sizeof *by; k++)
		for (int n = 0; is_used(t, by[k].role) && by[k].flags[n]; n++) {
			fprintf(t->out, "%s%s : goto %s", before, by[k].flags[n], by[k].chain);
			before = ", ";
		}
	if (watches_fins(t) || watches_handshakes(t) || has_role(t, -1)) {
		fprintf(t->out, "%sack : goto ack, 0x0 : goto other", before);
		before = ", ";
	}
	line(t, "%s }\n }", *before ? "" : "0x0 : accept");
}

/* One that is sent again stays what it was: of the first, the other side's may have come since. */
static void own_fin(const struct text *t)
{
	line(t,
	        " chain own_fin {\n  %s . tcp sequence @fins return\n"
	        "  add @fins { %s . tcp sequence }",
	        t->back, t->back);
	if (has_role(t, ROLE_LAST_ACK))
		line(t, "  %s @heard add @second { %s } return", t->back, t->back);
	else
		line(t, "  %s @heard return", t->back);
	if (has_role(t, ROLE_ACK_OF_FIN))
		line(t, "  add @first { %s }", t->back);
	line(t, " }");
}

static void out(const struct text *t)
{
	int begins_here = t->at == HOST_CLIENT && remembers(t);

	if (!watches_fins(t) && !watches_handshakes(t) && !begins_here)
		return;
	if (watches_fins(t))
		own_fin(t);
	line(t, " chain out {\n  type filter hook output priority 0");
	if (watches_fins(t))
		line(t, "  tcp flags & (fin|syn|rst) == fin goto own_fin");
	if (watches_handshakes(t))
		line(t, "  tcp flags & (syn|rst|ack) == syn|ack add @due { %s }", t->back);
	if (begins_here)
		line(t, "  tcp flags & (syn|rst|ack) == syn goto begins");
	line(t, " }");
}

void nft_rules_print(const struct scenario *s, enum host at, unsigned family, FILE *to)
{
	struct text t = {.out = to, .room = connections(s), .s = s, .at = at, .family = family};
	const char *ip = family == 6 ? "ip6" : "ip";
	char name[NFT_RULE_NAME];

	snprintf(t.here, sizeof t.here, "%s saddr . tcp sport . %s daddr . tcp dport", ip, ip);
	snprintf(t.back, sizeof t.back, "%s daddr . tcp dport . %s saddr . tcp sport", ip, ip);
	line(&t, "table %s " NFT_RULES_TABLE " {", ip);
	declare_all(&t);
	array_each (struct wire_rule, w, &s->rules)
		if (arrives(w, at))
			rule(&t, w, nft_rule_name((size_t)(w - s->rules.v), name));
	if (remembers(&t))
		begins(&t);
	ack_chains(&t);
	in(&t);
	out(&t);
	line(&t, "}");
}
