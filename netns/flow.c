/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of connections, and the role of each segment: see flow.h. */
#include "flow.h"

#include "core/err.h"
#include "netns/flow_state.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Ended connections stay known for what still belongs to them, but not without limit. */
#define ENDED_MAX 65536

void flows_init(struct flows *f, size_t n_rules)
{
	memset(f, 0, sizeof *f);
	f->n_rules = n_rules;
}

void flows_free(struct flows *f)
{
	struct flow *c, *next;

	HASH_ITER (hh, f->table, c, next) {
		HASH_DEL(f->table, c);
		free(c);
	}
	memset(f, 0, sizeof *f);
}

static void key_of(const struct segment *s, enum host sender, struct tuple *ret)
{
	/* bytewise: the key is compared with its padding */
	memcpy(&ret->local, sender == HOST_CLIENT ? &s->from : &s->to, sizeof ret->local);
	memcpy(&ret->remote, sender == HOST_CLIENT ? &s->to : &s->from, sizeof ret->remote);
}

struct flow *flow_find(struct flows *f, const struct segment *s, enum host sender)
{
	struct tuple key;
	struct flow *c;

	memset(&key, 0, sizeof key);
	key_of(s, sender, &key);
	HASH_FIND(hh, f->table, &key, sizeof key, c);
	return c;
}

/* Forgets the connections that ended longest ago. */
static void forget(struct flows *f)
{
	while (f->n_ended > ENDED_MAX) {
		struct flow *c = f->ended;

		DL_DELETE(f->ended, c);
		f->n_ended--;
		HASH_DEL(f->table, c);
		free(c);
	}
}

static void mark_ended(struct flows *f, struct flow *c)
{
	if (c->ended)
		return;
	c->ended = 1;
	DL_APPEND(f->ended, c);
	f->n_ended++;
	forget(f);
}

static void begin(struct flows *f, struct flow *c, uint64_t t_ns)
{
	if (c->ended) {
		DL_DELETE(f->ended, c);
		f->n_ended--;
		c->ended = 0;
	}
	c->connection = ++f->connections;
	c->began_ns = t_ns;
	memset(c->half, 0, sizeof c->half);
	memset(c->counts, 0, f->n_rules * sizeof *c->counts);
	c->opener = c->closer = -1;
	c->crossed = c->handshake_due = 0;
	c->state[0] = c->state[1] = ST_NONE;
}

static struct flow *add(struct flows *f, const struct segment *s, enum host sender, uint64_t t_ns)
{
	struct flow *c = must(calloc(1, sizeof *c + f->n_rules * sizeof *c->counts));

	key_of(s, sender, &c->key);
	begin(f, c, t_ns);
	HASH_ADD(hh, f->table, key, sizeof c->key, c);
	return c;
}

/* A SYN that does not belong to the connection as it stands. */
static int begins_anew(const struct flow *c, const struct segment *s, enum host sender)
{
	const struct half *me = &c->half[sender], *other = &c->half[!sender];

	if ((s->flags & (SEG_SYN | SEG_ACK | SEG_RST)) != SEG_SYN)
		return 0;
	if (me->syn)
		return me->isn != s->seq;
	/* Ours is missing. Fine when the other side has sent nothing but its SYN: both opened. */
	return me->known || !other->syn || other->next != other->isn + 1;
}

static int is_pure_ack(const struct segment *s)
{
	return (s->flags & (SEG_SYN | SEG_FIN | SEG_RST | SEG_ACK)) == SEG_ACK && !s->length;
}

/* Does it repeat the sequence number before the next one, to draw an ACK? */
static int is_probe(const struct half *me, const struct half *other, const struct segment *s)
{
	if (s->flags & (SEG_SYN | SEG_FIN | SEG_RST) || !me->known || s->length > 1)
		return 0;
	if (s->seq != me->next - 1)
		return 0;
	return !s->length || (other->acks && other->acked == me->next);
}

static int window_closed(const struct half *other)
{
	return other->acks && !other->window;
}

static int is_window_probe(const struct half *me, const struct half *other, const struct segment *s)
{
	if (!window_closed(other) || s->flags & (SEG_SYN | SEG_FIN | SEG_RST))
		return 0;
	return is_probe(me, other, s) || (s->length == 1 && s->seq == other->acked);
}

static int acks_fin(const struct half *other, const struct segment *s)
{
	return s->flags & SEG_ACK && other->fin && !seq_before(s->ack, other->fin_end);
}

static int is_handshake_ack(const struct flow *c, const struct segment *s, enum host sender)
{
	return c->handshake_due && (int)sender == c->opener && s->ack == c->half[!sender].isn + 1;
}

/* The first ACK after something that could not be accepted. */
static int is_challenge_ack(const struct flow *c, enum host sender)
{
	const struct half *me = &c->half[sender], *other = &c->half[!sender];

	if (other->syn && !me->known) /* a SYN was answered without SYN */
		return 1;
	return me->challenged;
}

static enum segment_role role_of_ack(
        const struct flow *c, const struct segment *s, enum host sender)
{
	const struct half *me = &c->half[sender], *other = &c->half[!sender];

	if (is_handshake_ack(c, s, sender))
		return ROLE_HANDSHAKE_ACK;
	if (is_window_probe(me, other, s))
		return ROLE_WINDOW_PROBE;
	if (is_probe(me, other, s))
		return ROLE_KEEPALIVE_PROBE;
	if (acks_fin(other, s))
		return c->crossed || c->closer == (int)!sender ? ROLE_ACK_OF_FIN : ROLE_LAST_ACK;
	if (is_challenge_ack(c, sender))
		return ROLE_CHALLENGE_ACK;
	return s->window ? ROLE_ACK : ROLE_ZERO_WINDOW;
}

static enum segment_role role_of(const struct flow *c, const struct segment *s, enum host sender)
{
	const struct half *me = &c->half[sender], *other = &c->half[!sender];

	if (s->flags & SEG_RST)
		return ROLE_RST;
	if (s->flags & SEG_SYN)
		return s->flags & SEG_ACK ? ROLE_SYN_ACK : ROLE_SYN;
	if (s->flags & SEG_FIN)
		return ROLE_FIN;
	if (is_pure_ack(s))
		return role_of_ack(c, s, sender);
	if (!s->length)
		return ROLE_ACK; /* no flag that means anything */
	if (is_window_probe(me, other, s))
		return ROLE_WINDOW_PROBE;
	return is_probe(me, other, s) ? ROLE_KEEPALIVE_PROBE : ROLE_DATA;
}

static int is_again(const struct half *me, const struct segment *s, enum segment_role role)
{
	switch (role) {
	case ROLE_SYN:
	case ROLE_SYN_ACK:
		return me->syn && me->isn == s->seq && me->ordinals[role];
	case ROLE_FIN:
		return me->fin;
	case ROLE_DATA:
		return me->known && seq_before(s->seq, me->next);
	case ROLE_KEEPALIVE_PROBE:
	case ROLE_WINDOW_PROBE:
		return 1;
	case ROLE_HANDSHAKE_ACK:
	case ROLE_ACK_OF_FIN:
	case ROLE_LAST_ACK:
	case ROLE_RST:
	case ROLE_CHALLENGE_ACK:
	case ROLE_ZERO_WINDOW:
	case ROLE_ACK:
	case ROLE_COUNT:
		break;
	}
	return 0;
}

static uint32_t end_of(const struct segment *s)
{
	return s->seq + s->length + !!(s->flags & SEG_SYN) + !!(s->flags & SEG_FIN);
}

/* Of what is sent again: see flow.h. */
static int is_loss_probe(
        const struct flow *c, const struct segment *s, enum host sender, enum segment_role role)
{
	const struct half *me = &c->half[sender], *other = &c->half[!sender];

	if ((role != ROLE_FIN && role != ROLE_DATA) || end_of(s) != me->next)
		return 0;
	return !me->no_sack && !other->no_sack && !me->resent;
}

static void note_resent(struct half *me, enum segment_role role)
{
	if (role == ROLE_KEEPALIVE_PROBE || role == ROLE_WINDOW_PROBE)
		return;
	me->resent = 1;
	me->recover = me->next;
}

static void note_fin(struct flow *c, const struct segment *s, enum host sender, uint32_t end)
{
	struct half *me = &c->half[sender], *other = &c->half[!sender];

	if (me->fin)
		return;
	me->fin = 1;
	me->fin_end = end;
	if (c->closer < 0)
		c->closer = (int)sender;
	else if (other->fin && !acks_fin(other, s))
		c->crossed = 1;
}

static void note_syn(struct flow *c, const struct segment *s, enum host sender)
{
	struct half *me = &c->half[sender];
	unsigned length;

	me->syn = 1;
	me->isn = s->seq;
	me->no_sack = !segment_option(s, TCPOPT_SACK_PERMITTED, &length);
	if (s->flags & SEG_ACK) {
		c->handshake_due = 1;
		if (c->opener < 0)
			c->opener = (int)!sender;
	} else if (c->opener < 0) {
		c->opener = (int)sender;
	}
}

/* What is not answered by a reset or a new connection draws a challenge ACK (RFC 5961). */
static void note_challenge(struct flow *c, const struct segment *s, enum host sender)
{
	struct half *other = &c->half[!sender];

	if (s->flags & SEG_RST)
		other->challenged = other->acks && s->seq != other->acked;
	else if (s->flags & SEG_SYN)
		other->challenged = other->acks && other->known;
}

static void note_ack(struct flow *c, const struct segment *s, enum host sender)
{
	struct half *me = &c->half[sender], *other = &c->half[!sender];

	if (!me->acks || seq_before(me->acked, s->ack))
		me->acked = s->ack;
	me->acks = 1;
	me->window = s->window;
	if (!other->known) { /* it began before we looked */
		other->known = 1;
		other->next = s->ack;
	}
	if (!(s->flags & SEG_SYN) && (int)sender == c->opener)
		c->handshake_due = 0;
}

/* A reset says nothing of the sender's sequence numbers that the rest would not. */
static void remember(struct flow *c, const struct segment *s, enum host sender)
{
	struct half *me = &c->half[sender];
	uint32_t end = end_of(s);

	me->challenged = 0;
	note_challenge(c, s, sender);
	if (s->flags & SEG_RST)
		return;
	if (s->flags & SEG_SYN)
		note_syn(c, s, sender);
	if (s->flags & SEG_FIN)
		note_fin(c, s, sender, end);
	if (!me->known || seq_before(me->next, end))
		me->next = end;
	me->known = 1;
	if (s->flags & SEG_ACK)
		note_ack(c, s, sender);
}

static int both_fins_acked(const struct flow *c)
{
	for (int d = 0; d < 2; d++)
		if (!c->half[d].fin || !c->half[!d].acks ||
		        seq_before(c->half[!d].acked, c->half[d].fin_end))
			return 0;
	return 1;
}

struct flow *flow_segment(struct flows *f, const struct segment *s, enum host sender, uint64_t t_ns,
        struct ev_segment *ret)
{
	struct flow *c = flow_find(f, s, sender);
	struct half *me;

	if (!c)
		c = add(f, s, sender, t_ns);
	else if (begins_anew(c, s, sender))
		begin(f, c, t_ns);
	me = &c->half[sender];
	ret->connection = c->connection;
	ret->role = role_of(c, s, sender);
	ret->again = is_again(me, s, ret->role);
	ret->probe = ret->again && is_loss_probe(c, s, sender, ret->role);
	ret->ordinal = ++me->ordinals[ret->role];
	ret->flags = s->flags;
	ret->seq = s->seq;
	ret->ack = s->ack;
	ret->length = s->length;
	ret->window = s->window;
	flow_note_sent(s, ret);
	remember(c, s, sender);
	if (ret->again)
		note_resent(me, ret->role);
	flow_state_sent(&c->state[sender], s);
	if (s->flags & SEG_RST || both_fins_acked(c))
		mark_ended(f, c);
	return c;
}

void flow_injected(struct flow *c, const struct segment *s, enum host sender)
{
	note_challenge(c, s, sender);
}

void flow_delivered(struct flow *c, const struct segment *s, enum host sender)
{
	struct half *to = &c->half[!sender];
	int acks = s->flags & SEG_ACK && to->fin && !seq_before(s->ack, to->fin_end);
	int fits = !to->acks || s->seq == to->acked;

	if (s->flags & SEG_ACK)
		c->half[sender].window = s->window; /* a rule may have changed it */
	if (s->flags & SEG_RST && !fits)
		return;
	if (s->flags & SEG_ACK && !seq_before(s->ack, to->recover))
		to->resent = 0;
	flow_state_received(&c->state[!sender], s, acks);
}
