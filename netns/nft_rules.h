/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of the wire as a ruleset of nftables, for a veth: model/nft_rule.h says which. They stand
 * in the namespace of the host that the segments arrive at, so that for its sender a dropped
 * segment is lost on the way, and not refused.
 *
 * Each rule has a counter of what it dropped, nft_rule_name(); and what the scenario asks for is
 * counted whatever becomes of it, nft_role_name().
 */
#ifndef LASTACK_NFT_RULES_H
#define LASTACK_NFT_RULES_H

#include "model/scenario.h"

#include <stdio.h>

#define NFT_RULES_TABLE "lastack_wire"

/* Does any rule concern what arrives at this host, or any expectation? */
int nft_rules_concern(const struct scenario *s, enum host at);

/* The ruleset for what arrives at `at`: HOST_CLIENT or HOST_SERVER. */
void nft_rules_print(const struct scenario *s, enum host at, unsigned family, FILE *out);

#endif
