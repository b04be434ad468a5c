/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_SEGMENT_NFT_H
#define LASTACK_SEGMENT_NFT_H

#include "phrase.h"

/* The answer of an expectation about segments, by the counters of the packet filter. */
struct answer segment_nft(const struct expectation *x, const struct ledger *l);

#endif
