/* SPDX-License-Identifier: BSD-2-Clause */
/* The named counters of a table of nftables, by netlink: nft itself lists sets on the way to them.
 */
#ifndef LASTACK_NFT_COUNTERS_H
#define LASTACK_NFT_COUNTERS_H

#include "core/err.h"

#include <stdint.h>

struct nft_counters;

/* In the namespace of the caller. `table` outlives it. */
struct nft_counters *nft_counters_open(unsigned family, const char *table, struct err *err);
void nft_counters_close(struct nft_counters *c); /* NULL is fine */

/* Calls `each` for every counter there is, from any namespace. 0 or -1. */
int nft_counters_read(struct nft_counters *c,
        void (*each)(void *arg, const char *name, uint64_t packets), void *arg, struct err *err);

#endif
