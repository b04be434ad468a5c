/* SPDX-License-Identifier: BSD-2-Clause */
/* How many segments of a kind the wire has seen. */
#include "segment_nft.h"

static int any_or(int selected, int value)
{
	return selected < 0 || selected == value;
}

static unsigned count(const struct ledger *l, const struct segment_selector *s)
{
	unsigned n = 0;

	for (int role = 0; role < ROLE_COUNT; role++)
		for (int from = 0; from < HOST_COUNT; from++)
			for (int again = 0; again < 2; again++)
				for (int fate = 0; fate < FATE_COUNT; fate++)
					if (any_or(s->role, role) && any_or(s->from, from) &&
					        any_or(s->again, again) && any_or(s->fate, fate))
						n += l->segments[role][from][again][fate];
	return n;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	if (ledger_had(l, SRC_NFT))
		return segment_nft(x, l);
	if (!ledger_had(l, SRC_WIRE) && !l->kinds[EV_SEGMENT])
		return answer_make(ANSWER_MISSING, "needs link: wire, which shows segments");
	return answer_growing(&x->want, count(l, &x->segment));
}

const struct expectation_type expectation_segment = {
        .name = "segment",
        .shape = SHAPE_COUNT,
        .help = "wire: {fin from server: 2}: so many such segments came to the wire, "
                "retransmissions included",
        .evaluate = evaluate,
};
