/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections as the wire sees them, and the role of each segment in its connection.
 *
 * A role is told from the segments alone, in the order in which they reach the wire:
 *
 *   client                    wire                    server
 *     |------ syn -------------|----------------------->|
 *     |<-----------------------|------------ syn-ack ---|
 *     |------ handshake-ack ---|----------------------->|
 *     |------ data ------------|----------------------->|
 *     |<-----------------------|---------------- ack ---|
 *     |------ fin -------------|----------------------->|   this side closes first
 *     |<-----------------------|--------- ack-of-fin ---|
 *     |<-----------------------|---------------- fin ---|
 *     |------ last-ack --------|----------------------->|
 *
 * - Who closed first is whose FIN reached the wire first, whether or not it was let through.
 * - A FIN stays a fin whatever else it acknowledges; data stays data. ack-of-fin and last-ack carry
 *   neither. One that is sent again, because the FIN came again, has the same role and the next
 *   ordinal.
 * - When the second FIN does not acknowledge the first, its sender had not seen it: a simultaneous
 *   close. Then nobody closed second, and the ACK of either FIN is ack-of-fin: which FIN reached
 *   the wire first would be chance.
 * - handshake-ack: the first ACK without data after each SYN-ACK.
 * - A SYN with another sequence number begins a new connection, with ordinals from 1. What answers
 *   it with a bare ACK, because it still has the old one, sends a challenge-ack.
 * - keepalive-probe: repeats the sequence number before the last one sent, when all is
 *   acknowledged. window-probe: the same, or one byte, while the other side's window is closed.
 *   zero-window: an ACK without data and with window 0.
 * - again: the SYN, FIN or first byte of data was sent before. An ACK alone is
 *   never `again`; the two probes always are.
 * - probe, a tail loss probe: data or a FIN again, up to the highest sequence number sent, by a
 *   sender that takes nothing for lost. The kernel sends one only in the congestion states Open
 *   and CWR, with SACK, and always before its first timeout; it has left Open when it sent something again
 *   that has not been acknowledged up to what was the highest sequence number then. (With
 *   tcp_early_retrans=0 it sends none: then a first timeout with one segment under way looks like
 *   one. So does any, when those before it never reached the wire: the host had no carrier.)
 * - The state of either end follows what it sent and what reached it. It knows nothing of timers:
 *   an end in TIME_WAIT is in TIME_WAIT until a new connection begins.
 * - When a connection began before the wire saw it, the first segment seen says where it stands.
 */
#ifndef LASTACK_FLOW_H
#define LASTACK_FLOW_H

#include "model/event.h"
#include "netns/wire_packet.h"

#include <uthash.h>

/* One direction: what its sender has shown. */
struct half {
	unsigned known : 1;      /* something was seen, or acknowledged by the other side */
	unsigned syn : 1;        /* its SYN was seen: isn */
	unsigned fin : 1;        /* its FIN was seen: fin_end */
	unsigned acks : 1;       /* it has sent an ACK: acked, window */
	unsigned no_sack : 1;    /* its SYN did not allow SACK */
	unsigned resent : 1;     /* something was sent again and not heard of since: recover */
	unsigned challenged : 1; /* the other side has just sent a SYN or RST that it cannot accept
	                          */
	uint32_t isn;
	uint32_t next;    /* after the highest sequence number sent */
	uint32_t acked;   /* the highest acknowledgement sent */
	uint32_t fin_end; /* the acknowledgement that covers the FIN */
	uint32_t recover; /* `next` when it last sent something again */
	uint32_t window;  /* of the last ACK, unscaled */
	/* Where its stamps begin, on our clock: learnt from the segment that came the soonest. */
	int64_t soonest_ns; /* 0 not known */
	uint32_t first_ms;
	uint32_t ordinals[ROLE_COUNT];
};

/* How often a rule saw and hit a segment of this connection. */
struct rule_count {
	uint32_t seen, hit;
};

struct flow {
	UT_hash_handle hh;
	struct tuple key; /* the client's view */
	unsigned connection;
	struct half half[2];        /* [HOST_CLIENT], [HOST_SERVER]: sent from there */
	enum tcp_state state[2];    /* of each end, as far as segments tell */
	uint64_t began_ns;          /* its first segment */
	int opener, closer;         /* whose SYN, whose FIN came first; -1 not known */
	unsigned crossed : 1;       /* simultaneous close */
	unsigned handshake_due : 1; /* a SYN-ACK was seen and not acknowledged yet */
	unsigned ended : 1;         /* reset, or both FINs acknowledged */
	struct flow *prev, *next;   /* among the ended ones, oldest first */
	struct rule_count counts[]; /* [n_rules] */
};

struct flows {
	struct flow *table;
	size_t n_rules;
	unsigned connections; /* begun so far */
	size_t n_ended;
	struct flow *ended;
};

void flows_init(struct flows *f, size_t n_rules);
void flows_free(struct flows *f);

/*
 * The connection of a segment from `sender` (HOST_CLIENT, HOST_SERVER), made where there is none;
 * fills role, ordinal, again and the fields of the header, and remembers the segment. Never NULL.
 */
struct flow *flow_segment(struct flows *f, const struct segment *s, enum host sender, uint64_t t_ns,
        struct ev_segment *ret);

/* Takes over the stamp of a segment, if it has one. */
void flow_note_sent(const struct segment *s, struct ev_segment *ret);

/*
 * How long a segment has waited on its way from its sender, beyond what the soonest one of its
 * connection did; or how long the soonest one before had, when this one came sooner. 0 where the
 * sender stamps none.
 */
uint64_t flow_waited_ns(
        struct flow *c, const struct ev_segment *s, enum host sender, uint64_t t_ns);

/* The segment has reached the other side, in order and with a right checksum. */
void flow_delivered(struct flow *c, const struct segment *s, enum host sender);

/* The connection of a segment, or NULL. Remembers nothing. */
struct flow *flow_find(struct flows *f, const struct segment *s, enum host sender);

/* The wire has put in this segment by itself: what it draws is told apart from ordinary ACKs. */
void flow_injected(struct flow *c, const struct segment *s, enum host sender);

static inline int seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

#endif
