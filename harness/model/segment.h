/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TCP segment is to its connection: its role, and what the wire did with it. */
#ifndef LASTACK_SEGMENT_H
#define LASTACK_SEGMENT_H

/*
 * Roles, one for each segment, from the most telling to the least. A retransmission keeps the role
 * of what it repeats and carries the flag SEGMENT_AGAIN besides.
 */
#define SEGMENT_ROLES(R)                                                                           \
	R(SYN, "syn", "a connection request: SYN without ACK")                                     \
	R(SYN_ACK, "syn-ack", "the answer to a SYN")                                               \
	R(HANDSHAKE_ACK, "handshake-ack", "the first ACK of the SYN-ACK, without data")            \
	R(DATA, "data", "carries payload, and no FIN")                                             \
	R(FIN, "fin", "carries a FIN, with or without payload")                                    \
	R(ACK_OF_FIN, "ack-of-fin", "acknowledges the FIN of the side that closed first")          \
	R(LAST_ACK, "last-ack", "acknowledges the FIN of the side that closed second")             \
	R(RST, "rst", "a reset")                                                                   \
	R(CHALLENGE_ACK, "challenge-ack", "an ACK that answers an unacceptable SYN or RST")        \
	R(KEEPALIVE_PROBE, "keepalive-probe", "repeats an acknowledged byte to draw an ACK")       \
	R(WINDOW_PROBE, "window-probe", "tests a window that was closed")                          \
	R(ZERO_WINDOW, "zero-window", "an ACK that closes the window")                             \
	R(ACK, "ack", "any other segment without payload")

enum segment_role {
#define ROLE_ENUM(id, name, help) ROLE_##id,
	SEGMENT_ROLES(ROLE_ENUM)
#undef ROLE_ENUM
	        ROLE_COUNT
};

extern const char *const segment_role_names[ROLE_COUNT];
extern const char *const segment_role_helps[ROLE_COUNT];

#define SEGMENT_FATES(F)                                                                           \
	F(PASSED, "passed")                                                                        \
	F(DROPPED, "dropped")                                                                      \
	F(DELAYED, "delayed")                                                                      \
	F(HELD, "held")                                                                            \
	F(DUPLICATED, "duplicated")                                                                \
	F(REORDERED, "reordered")                                                                  \
	F(CORRUPTED, "corrupted")                                                                  \
	F(TRUNCATED, "truncated")                                                                  \
	F(REWRITTEN, "rewritten")                                                                  \
	F(INJECTED, "injected")

enum segment_fate {
#define FATE_ENUM(id, name) FATE_##id,
	SEGMENT_FATES(FATE_ENUM)
#undef FATE_ENUM
	        FATE_COUNT
};

extern const char *const segment_fate_names[FATE_COUNT];

/*
 * How often it was sent. A tail loss probe (RFC 8985) is sent again, too; what tells it from other
 * retransmissions is in netns/flow.h.
 */
enum segment_sent { SENT_ANY = -1, SENT_FIRST, SENT_AGAIN, SENT_PROBE, SENT_COUNT };

extern const char *const segment_sent_names[SENT_COUNT];

/* Is one that was sent like this among those asked for? */
int segment_sent_fits(int asked, int sent);

/* The flag bits of the TCP header (RFC 9293 section 3.1). */
enum segment_flags {
	SEG_FIN = 0x01,
	SEG_SYN = 0x02,
	SEG_RST = 0x04,
	SEG_PSH = 0x08,
	SEG_ACK = 0x10,
	SEG_URG = 0x20,
	SEG_ECE = 0x40,
	SEG_CWR = 0x80,
};

/* The index of a name in one of the tables above, or -1. */
int segment_role_parse(const char *name);

/* Whether a segment of this role may carry payload. */
int segment_role_has_payload(int role);

int segment_sent_parse(const char *name);
int segment_fate_parse(const char *name);

/* "FIN|ACK" */
const char *segment_flags_format(unsigned flags, char *buf, unsigned size);

#endif
