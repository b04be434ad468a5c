/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the ruleset a scenario's rules and expectations ask for. */
#include "nft_rules_inner.h"

enum host nft_sender(enum host at)
{
	return at == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT;
}

int nft_arrives(const struct wire_rule *w, enum host at)
{
	return w->select.from < 0 || w->select.from == (int)nft_sender(at);
}

int nft_rules_concern(const struct scenario *s, enum host at)
{
	array_each (struct wire_rule, w, &s->rules)
		if (nft_arrives(w, at))
			return 1;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (nft_counts(s, (enum segment_role)role, nft_sender(at)))
			return 1;
	return 0;
}

int nft_is_counted(const struct nft_ruleset *t, int role)
{
	return role >= 0 && role < ROLE_COUNT &&
	       nft_counts(t->s, (enum segment_role)role, nft_sender(t->at));
}

int nft_has_role(const struct nft_ruleset *t, int role)
{
	if (nft_is_counted(t, role))
		return 1;
	array_each (struct wire_rule, w, &t->s->rules)
		if (nft_arrives(w, t->at) && w->select.role == role)
			return 1;
	return 0;
}

int nft_watches_fins(const struct nft_ruleset *t)
{
	return nft_has_role(t, ROLE_ACK_OF_FIN) || nft_has_role(t, ROLE_LAST_ACK);
}

int nft_watches_handshakes(const struct nft_ruleset *t)
{
	return nft_has_role(t, ROLE_HANDSHAKE_ACK);
}

int nft_watches_syns(const struct nft_ruleset *t)
{
	return nft_has_role(t, -1) || nft_has_role(t, ROLE_SYN) || nft_has_role(t, ROLE_SYN_ACK) ||
	       nft_watches_handshakes(t);
}

int nft_remembers(const struct nft_ruleset *t)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (nft_is_counted(t, role))
			return 1;
	array_each (struct wire_rule, w, &t->s->rules)
		if (nft_arrives(w, t->at) && nft_sets_of(w))
			return 1;
	return nft_watches_syns(t) || nft_watches_fins(t);
}

int nft_is_used(const struct nft_ruleset *t, int role)
{
	if (role == ROLE_SYN && t->at == HOST_SERVER && nft_remembers(t)) /* begins */
		return 1;
	return nft_has_role(t, role) || nft_has_role(t, -1) ||
	       (role == ROLE_FIN && nft_watches_fins(t));
}
