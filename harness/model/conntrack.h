/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a router's connection tracking sees a TCP connection. It is a machine of its own, which
 * follows the segments that pass, so its states are not those of either end: CLOSE_WAIT is "a FIN
 * was acknowledged", whoever sent it.
 */
#ifndef LASTACK_CONNTRACK_H
#define LASTACK_CONNTRACK_H

/* In the order of the kernel's enum tcp_conntrack. */
#define CONNTRACK_STATES(S)                                                                        \
	S(NONE, "none") /* no entry: before the first segment, and after the last */               \
	S(SYN_SENT, "SYN_SENT")                                                                    \
	S(SYN_RECV, "SYN_RECV")                                                                    \
	S(ESTABLISHED, "ESTABLISHED")                                                              \
	S(FIN_WAIT, "FIN_WAIT")                                                                    \
	S(CLOSE_WAIT, "CLOSE_WAIT")                                                                \
	S(LAST_ACK, "LAST_ACK")                                                                    \
	S(TIME_WAIT, "TIME_WAIT")                                                                  \
	S(CLOSE, "CLOSE")                                                                          \
	S(SYN_SENT2, "SYN_SENT2") /* both sides sent a SYN */

enum conntrack_state {
#define CONNTRACK_ENUM(id, name) CT_##id,
	CONNTRACK_STATES(CONNTRACK_ENUM)
#undef CONNTRACK_ENUM
	        CT_COUNT,
	CT_ANY = CT_COUNT, /* in an expectation: all entries together */
};

extern const char *const conntrack_state_names[CT_COUNT + 1]; /* with "any" */

#endif
