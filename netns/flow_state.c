/* SPDX-License-Identifier: BSD-2-Clause */
/* The states that a connection's ends go through, told from its segments. */
#include "flow_state.h"

#include "model/segment.h"

static enum tcp_state after_sending_fin(enum tcp_state s)
{
	if (s == ST_CLOSE_WAIT || s == ST_LAST_ACK)
		return ST_LAST_ACK;
	if (s == ST_ESTABLISHED || s == ST_SYN_RECV)
		return ST_FIN_WAIT_1;
	return s; /* sent again */
}

void flow_state_sent(enum tcp_state *state, const struct segment *s)
{
	if (s->flags & SEG_RST) {
		*state = ST_CLOSE;
		return;
	}
	if (s->flags & SEG_SYN) {
		if (!(s->flags & SEG_ACK))
			*state = ST_SYN_SENT;
		else if (*state == ST_NONE || *state == ST_SYN_SENT)
			*state = ST_SYN_RECV;
		return;
	}
	if (*state == ST_NONE) /* we came late */
		*state = ST_ESTABLISHED;
	if (s->flags & SEG_FIN)
		*state = after_sending_fin(*state);
}

static enum tcp_state after_ack_of_fin(enum tcp_state s)
{
	if (s == ST_FIN_WAIT_1)
		return ST_FIN_WAIT_2;
	if (s == ST_CLOSING)
		return ST_TIME_WAIT;
	return s == ST_LAST_ACK ? ST_CLOSE : s;
}

static enum tcp_state after_fin(enum tcp_state s)
{
	if (s == ST_ESTABLISHED || s == ST_SYN_RECV)
		return ST_CLOSE_WAIT;
	if (s == ST_FIN_WAIT_1)
		return ST_CLOSING;
	return s == ST_FIN_WAIT_2 ? ST_TIME_WAIT : s;
}

void flow_state_received(enum tcp_state *state, const struct segment *s, int acks_fin)
{
	if (s->flags & SEG_RST) {
		*state = ST_CLOSE;
		return;
	}
	if (s->flags & SEG_SYN) {
		if (*state == ST_SYN_SENT)
			*state = s->flags & SEG_ACK ? ST_ESTABLISHED : ST_SYN_RECV;
		else if (*state == ST_NONE)
			*state = ST_SYN_RECV;
		return;
	}
	if (*state == ST_NONE || *state == ST_SYN_RECV)
		*state = ST_ESTABLISHED;
	if (acks_fin)
		*state = after_ack_of_fin(*state);
	if (s->flags & SEG_FIN)
		*state = after_fin(*state);
}
