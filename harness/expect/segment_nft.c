/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many segments of a kind there were, where the packet filter carries out the wire's rules: its
 * counters know what each rule dropped in each direction, and what came of the roles asked for.
 */
#include "segment_nft.h"

#include "model/nft_rule.h"

/* Is what the rule drops of the kind that is asked for? 1 all of it, 0 none, -1 a part. */
static int within(int asked, int ruled)
{
	if (asked < 0 || asked == ruled)
		return 1;
	return ruled < 0 ? -1 : 0;
}

/* Counted where it arrives. */
static int64_t counter(const struct ledger *l, const char *name, int from)
{
	char full[NFT_ROLE_NAME + 4];
	int64_t n = 0;

	snprintf(full, sizeof full, "nft.%s", name);
	if (from != HOST_SERVER)
		n += ledger_counter(l, HOST_SERVER, full);
	if (from != HOST_CLIENT)
		n += ledger_counter(l, HOST_CLIENT, full);
	return n;
}

/* 0, or -1 when some of what a rule drops is asked for and some is not. */
static int dropped(const struct ledger *l, const struct segment_selector *s, int64_t *ret)
{
	char name[NFT_RULE_NAME];

	*ret = 0;
	for (size_t i = 0; i < l->scenario->rules.n; i++) {
		const struct segment_selector *w = &l->scenario->rules.v[i].select;
		int role = within(s->role, w->role), again = within(s->again, w->again);

		if (!role || !again || within(s->from, w->from) == 0)
			continue;
		if (role < 0 || again < 0)
			return -1;
		*ret += counter(l, nft_rule_name(i, name), s->from);
	}
	return 0;
}

/* Whatever became of them. */
static int64_t came(const struct ledger *l, const struct segment_selector *s)
{
	enum segment_role role = (enum segment_role)s->role;
	char name[NFT_ROLE_NAME];
	int64_t all = counter(l, nft_role_name(role, 0, name), s->from);
	int64_t again = counter(l, nft_role_name(role, 1, name), s->from);

	return s->again < 0 ? all : s->again ? again : all - again;
}

static int count(const struct ledger *l, const struct segment_selector *s, int64_t *ret)
{
	int64_t lost = 0;

	if ((s->fate == FATE_DROPPED || s->fate == FATE_PASSED) && dropped(l, s, &lost))
		return -1;
	*ret = s->fate == FATE_DROPPED                 ? lost
	       : s->fate < 0 || s->fate == FATE_PASSED ? came(l, s) - lost
	                                               : 0;
	return 0;
}

struct answer segment_nft(const struct expectation *x, const struct ledger *l)
{
	const char *why = nft_segment_fault(l->scenario, &x->segment);
	struct answer a;
	int64_t n;

	if (why)
		return answer_make(ANSWER_MISSING,
		        "needs link: wire, which shows segments; nft, which counts them here, "
		        "cannot: %s",
		        why);
	if (count(l, &x->segment, &n))
		return answer_make(ANSWER_MISSING,
		        "needs link: wire: of what a rule drops nft counts only all");
	a = answer_growing(&x->want, n);
	for (enum host h = HOST_CLIENT; a.kind == ANSWER_HOLDS && h <= HOST_SERVER; h++)
		if (!ledger_fresh(l, h))
			return answer_stale(h);
	return a;
}
