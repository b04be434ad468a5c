/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the ruleset share: nft_rules.c has the chains for roles, nft_rule_chain.c that
 * of a rule, nft_asked.c what of it all a scenario asks for.
 */
#ifndef LASTACK_NFT_RULES_INNER_H
#define LASTACK_NFT_RULES_INNER_H

#include "nft_rules.h"

#include "model/nft_rule.h"

/* A ruleset that is being written. */
struct nft_ruleset {
	FILE *out;
	unsigned room; /* of the sets: their tables are as large from the beginning */
	const struct scenario *s;
	enum host at;
	unsigned family;
	char here[96], back[96]; /* the tuple of what arrives, and the same of what leaves */
};

void nft_line(const struct nft_ruleset *t, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

/* A set of four-tuples as they arrive. */
void nft_declare_set(const struct nft_ruleset *t, const char *name);

/* ---- nft_asked.c ---- */

/* Who sends what arrives at this host. */
enum host nft_sender(enum host at);
int nft_arrives(const struct wire_rule *w, enum host at);

/* Of the segments of a role that arrive: an expectation asks for their number; a rule or one. */
int nft_is_counted(const struct nft_ruleset *t, int role);
int nft_has_role(const struct nft_ruleset *t, int role);

int nft_watches_fins(const struct nft_ruleset *t);
int nft_watches_handshakes(const struct nft_ruleset *t);
/* Something is remembered from the handshake on: then a SYN sent again must not empty the sets. */
int nft_watches_syns(const struct nft_ruleset *t);
/* Anything of a connection that its successor must not find. */
int nft_remembers(const struct nft_ruleset *t);
/* Whether segments of this role need a chain. */
int nft_is_used(const struct nft_ruleset *t, int role);

/* ---- nft_rule_chain.c ---- */

/* Sets of rule n that a new connection empties: those it has. */
enum { SET_AGAIN = 1, SET_BEFORE = 2, SET_UNTIL = 4, SET_SKIP = 8, SET_TIMES = 16, SETS = 5 };
extern const char *const nft_set_names[SETS];
unsigned nft_sets_of(const struct wire_rule *w);

void nft_rule_declare(const struct nft_ruleset *t, const struct wire_rule *w, const char *name);
void nft_rule_chain(const struct nft_ruleset *t, const struct wire_rule *w, const char *name);

#endif
