/* SPDX-License-Identifier: BSD-2-Clause */
/* How many segments of a kind the wire has seen. */
#include "segment_nft.h"

static unsigned count(const struct ledger *l, const struct segment_selector *s)
{
	unsigned n = 0;

	for (uint8_t role = 0; role < ROLE_COUNT; role++)
		for (uint8_t from = 0; from < HOST_COUNT; from++)
			for (uint8_t again = 0; again < 2; again++)
				for (uint8_t fate = 0; fate < FATE_COUNT; fate++) {
					const struct ledger_segment g = {.role = role,
					        .from = from,
					        .again = again,
					        .fate = fate};

					if (ledger_selects(s, &g))
						n += l->segments[role][from][again][fate];
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
