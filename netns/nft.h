/* SPDX-License-Identifier: BSD-2-Clause */
/* Rulesets of nftables, by libnftables. */
#ifndef LASTACK_NFT_H
#define LASTACK_NFT_H

#include "core/err.h"
#include "model/scenario.h"

/*
 * Runs commands in the caller's network namespace: all of them or none. The error has nft's own
 * words, its line and its column in the text.
 */
struct nft_fault {
	unsigned line, column; /* in the text, from 1; 0 not known */
	char said[640];
};
int nft_run(const char *text, struct nft_fault *ret_fault, struct err *err);

/* The same for a text of a scenario: the error has file, line and column. */
int nft_run_text(const struct scenario *s, const struct nft_text *t, struct err *err);

/*
 * Tries all rulesets of these scenarios in namespaces that are thrown away. A text that nft does
 * not take is ERR_INPUT with file, line and column. Where no namespace can be made nothing is
 * found.
 */
int nft_try(struct scenario *const *scenarios, size_t n, struct err *err);

/* The rules that `masquerade` and `firewall` stand for, and tracking in any case, in the router. */
int nft_shorthands(const struct host_spec *router, struct err *err);

/* What the router of a scenario has of these, as text, for people: `each` gets one ruleset after
 * the other. */
void nft_shorthands_show(
        const struct scenario *s, void (*each)(void *arg, const char *text), void *arg);

#endif
