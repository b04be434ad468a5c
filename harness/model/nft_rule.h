/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rules of the wire the kernel's packet filter can carry out by itself, on a veth at full
 * rate, and which segments it can count there. It drops, it tells segments by their header, and it
 * remembers tuples in sets; it does no arithmetic and keeps no sequence numbers beyond "the same"
 * and "another".
 */
#ifndef LASTACK_NFT_RULE_H
#define LASTACK_NFT_RULE_H

#include "model/scenario.h"

/* Why nft cannot do exactly what the wire would do for this rule, or NULL: it can. */
const char *nft_rule_fault(const struct scenario *s, const struct wire_rule *rule);

/* Why nft cannot count the segments that an expectation asks for, or NULL. */
const char *nft_segment_fault(const struct scenario *s, const struct segment_selector *asked);

/* Does the scenario ask for the number of these segments? `from` is a host. */
int nft_counts(const struct scenario *s, enum segment_role role, enum host from);

/* The rule's counter in the host that the segments arrive at: "rule1". Returns buf. */
#define NFT_RULE_NAME 16
const char *nft_rule_name(size_t rule, char buf[NFT_RULE_NAME]);

/*
 * The counter of all segments of a role there, "ack_of_fin", of those sent again, "fin_again", and
 * the chain of the role. Returns buf.
 */
#define NFT_ROLE_NAME 32
const char *nft_role_name(enum segment_role role, int again, char buf[NFT_ROLE_NAME]);

#endif
