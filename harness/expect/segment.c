/* SPDX-License-Identifier: BSD-2-Clause */
/* How many segments of a kind the wire has seen. */
#include "segment_nft.h"

#define KINDS (ROLE_COUNT * HOST_COUNT * SENT_COUNT * FATE_COUNT)

/* Kind i of the ledger's numbers, in the order in which they lie there. */
static struct ledger_segment kind(unsigned i)
{
	return (struct ledger_segment){
	        .role = (uint8_t)(i / (HOST_COUNT * SENT_COUNT * FATE_COUNT)),
	        .from = (uint8_t)(i / (SENT_COUNT * FATE_COUNT) % HOST_COUNT),
	        .again = (uint8_t)(i / FATE_COUNT % SENT_COUNT),
	        .fate = (uint8_t)(i % FATE_COUNT),
	};
}

static unsigned count(const struct ledger *l, const struct segment_selector *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KINDS; i++) {
		const struct ledger_segment g = kind(i);

		if (ledger_selects(s, &g))
			n += l->segments[g.role][g.from][g.again][g.fate];
	}
	return n;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	if (ledger_had(l, SRC_NFT))
		return segment_nft(x, l);
	if (!ledger_sees_segments(l))
		return answer_no_wire();
	return answer_growing(&x->want, count(l, &x->segment));
}

const struct expectation_type expectation_segment = {
        .name = "segment",
        .shape = SHAPE_COUNT,
        .help = "wire: {fin from server: 2}: so many such segments came to the wire, "
                "retransmissions included",
        .evaluate = evaluate,
};
