/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of a TCP connection: the kernel's numbers (include/net/tcp_states.h), the names of
 * RFC 9293 section 3.3.2 as `ss` and netstat users write them.
 */
#ifndef LASTACK_TCP_STATE_H
#define LASTACK_TCP_STATE_H

enum tcp_state {
	ST_NONE, /* no such socket: before its birth */
	ST_ESTABLISHED,
	ST_SYN_SENT,
	ST_SYN_RECV,
	ST_FIN_WAIT_1,
	ST_FIN_WAIT_2,
	ST_TIME_WAIT,
	ST_CLOSE, /* also: the socket is gone from the kernel's table */
	ST_CLOSE_WAIT,
	ST_LAST_ACK,
	ST_LISTEN,
	ST_CLOSING,
	ST_NEW_SYN_RECV,
	ST_BOUND_INACTIVE,
	ST_COUNT
};

/* FIN_WAIT_2, with underscores. Never NULL. */
const char *tcp_state_name(enum tcp_state s);

/*
 * Reads every spelling in use (FIN-WAIT-2, FinWait2, fin_wait2, ESTAB, SYN_RECEIVED, LISTENING,
 * CLOSED ...); ST_NONE when it is none of them.
 */
enum tcp_state tcp_state_parse(const char *word);

#endif
