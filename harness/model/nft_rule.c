/* SPDX-License-Identifier: BSD-2-Clause */
#include "nft_rule.h"

#include <stdio.h>
#include <string.h>

/* Of a limit of one a day: the burst, in ns, is a number of 64 bits. */
#define MOST_COUNTED 200000

static int answers_fin(int role)
{
	return role == ROLE_ACK_OF_FIN || role == ROLE_LAST_ACK;
}

static const char *role_fault(int role)
{
	switch (role) {
	case -1:
	case ROLE_SYN:
	case ROLE_SYN_ACK:
	case ROLE_HANDSHAKE_ACK:
	case ROLE_FIN:
	case ROLE_ACK_OF_FIN:
	case ROLE_LAST_ACK:
	case ROLE_RST:
		return NULL;
	case ROLE_DATA:
		return "it counts packets, which the kernel may have made of several segments";
	case ROLE_CHALLENGE_ACK:
	case ROLE_KEEPALIVE_PROBE:
	case ROLE_WINDOW_PROBE:
	case ROLE_ZERO_WINDOW:
	case ROLE_ACK:
		break;
	}
	return "telling these ACKs from others takes sequence numbers";
}

/*
 * An ACK of a FIN is told by acknowledging something else than what came before the FIN. That is
 * not so when older data is acknowledged late, or when probes look like ACKs.
 */
static const char *ack_fault(const struct scenario *s)
{
	array_each (struct step, st, &s->steps)
		if (st->action == DO_SEND)
			return "with data under way the ACK of a FIN cannot be told from others";
	if (s->hosts[HOST_CLIENT].keepalive || s->hosts[HOST_SERVER].keepalive)
		return "keepalive probes cannot be told from the ACK of a FIN";
	return NULL;
}

static int shows_again(int role)
{
	return role == ROLE_SYN || role == ROLE_SYN_ACK || role == ROLE_FIN;
}

static const char *sent_fault(const struct segment_selector *s)
{
	if (s->again == SENT_PROBE)
		return "it does not tell a tail loss probe from another retransmission";
	if (s->again != SENT_ANY && !shows_again(s->role))
		return "it tells what is sent again only of syn, syn-ack and fin";
	return NULL;
}

static const char *selector_fault(const struct segment_selector *s)
{
	if (s->connection)
		return "it does not number connections";
	if (s->length.on || s->seq.on)
		return "it does no arithmetic on lengths and sequence numbers";
	if (s->age_ns.on || s->time_ns.on)
		return "it knows no time since the beginning";
	if (s->state[0] || s->state[1])
		return "it does not follow the states of the ends";
	if (sent_fault(s))
		return sent_fault(s);
	if (s->role < 0 && s->ordinal.on)
		return "ordinals are of one role";
	return NULL;
}

/* In a cell the client opens. */
static int has_one_sender(int role)
{
	return role == ROLE_SYN || role == ROLE_SYN_ACK || role == ROLE_HANDSHAKE_ACK;
}

static const char *counting_fault(const struct wire_rule *w)
{
	int counted = w->times || w->skip || w->every > 1;

	if (w->times > MOST_COUNTED || w->skip > MOST_COUNTED ||
	        (w->select.ordinal.on && w->select.ordinal.lo > MOST_COUNTED))
		return "it counts to 200000 at most";
	if (w->probability > 0 && w->probability < 1)
		return "its chance has no seed";
	if (w->every > 1 && !w->in_total)
		return "'every' is counted over all connections together, not for each";
	if (counted && w->select.from < 0 && !has_one_sender(w->select.role))
		return "each direction is counted by itself: say 'from'";
	return NULL;
}

const char *nft_rule_fault(const struct scenario *s, const struct wire_rule *w)
{
	const char *why = NULL;

	if (strcmp(w->action, "drop"))
		return "it only drops";
	if (w->off)
		return "its rules are there from the beginning to the end";
	array_each (struct step, st, &s->steps)
		if (st->action == DO_REMOVE)
			return "its rules are there from the beginning to the end";
	why = role_fault(w->select.role);
	if (!why && answers_fin(w->select.role))
		why = ack_fault(s);
	if (!why)
		why = selector_fault(&w->select);
	return why ? why : counting_fault(w);
}

const char *nft_segment_fault(const struct scenario *s, const struct segment_selector *asked)
{
	const char *why;

	if (asked->again == SENT_PROBE)
		return sent_fault(asked);
	if (asked->fate >= 0 && asked->fate != FATE_PASSED)
		return NULL; /* dropped, which rules count; or what never happens here */
	if (asked->role < 0)
		return "it counts packets, which the kernel may have made of several segments";
	if (sent_fault(asked))
		return sent_fault(asked);
	why = role_fault(asked->role);
	if (!why && answers_fin(asked->role))
		why = ack_fault(s);
	return why;
}

int nft_counts(const struct scenario *s, enum segment_role role, enum host from)
{
	array_each (struct step, st, &s->steps)
		array_each (struct expectation, x, &st->expectations)
			if (x->host == ACTOR_WIRE && x->segment.role == (int)role &&
			        (x->segment.from < 0 || x->segment.from == (int)from) &&
			        !nft_segment_fault(s, &x->segment))
				return 1;
	return 0;
}

const char *nft_role_name(enum segment_role role, int again, char buf[NFT_ROLE_NAME])
{
	snprintf(buf, NFT_ROLE_NAME, "%s%s", segment_role_names[role], again ? "_again" : "");
	for (char *c = buf; *c; c++)
		if (*c == '-')
			*c = '_';
	return buf;
}

const char *nft_rule_name(size_t rule, char buf[NFT_RULE_NAME])
{
	snprintf(buf, NFT_RULE_NAME, "rule%u", (unsigned)rule + 1);
	return buf;
}
