/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the BPF programs and the reader of their records share: the records, and the values of the
 * maps. Included by both sides, so it has no types but its own; vmlinux.h or linux/types.h comes
 * first.
 *
 * The records of a slot lie in a ring of cache lines that both sides map: a program takes lines by
 * adding to the queue's head, fills them, and sets the first one's place last; the reader follows,
 * and gives lines back by moving the tail. The kernel's own ring buffer would do, but its lock
 * (with interrupts off) and its headers cost more than all the rest of a program.
 */
#ifndef LASTACK_BPF_RAW_H
#define LASTACK_BPF_RAW_H

#define RAW_SLOTS       512
#define RAW_HOSTS       3
#define RAW_STATES      16 /* a power of two: the verifier sees that a masked index is inside */
#define RAW_LINE        64
#define RAW_LINE_FRAMES 8 /* of a stack, in a line */
#define RAW_FRAME_LINES 3
#define RAW_FRAMES      (RAW_FRAME_LINES * RAW_LINE_FRAMES)

enum raw_kind {
	RAW_STATE,      /* from, to: as inet_sock_set_state has them; extra: see on_state_too */
	RAW_PORT,       /* a SYN leaves: the socket has its port */
	RAW_REUSE,      /* a SYN was taken just after a minisocket was taken away */
	RAW_TW_START,   /* of a minisocket: to = substate, value = jiffies left */
	RAW_TW_CANCEL,  /* its timer was taken off: killed, moved, or about to expire */
	RAW_TW_EXPIRE,  /* its timer fired */
	RAW_TW_SEGMENT, /* a segment reached it and is done with; flags are the segment's */
	RAW_RETRANSMIT, /* value = sequence number, length, flags; extra = tail loss probe */
	RAW_RESET_SENT, /* value = enum sk_rst_reason, ~0: the kernel has none */
	RAW_RESET_RECEIVED,
	RAW_DESTROY,
	RAW_OVERFLOW, /* the last ACK of a handshake found the accept queue full */
};

/* The first line of a record, and of most the only one. */
struct raw_event {
	__u64 place; /* of this line among all that there ever were, from 1: it is complete */
	__u64 t_ns;
	__u64 cookie;
	__u32 net;      /* the low half of the namespace's cookie */
	__u32 pid, tid; /* of the process that caused it, 0: none, or nobody can tell */
	__u32 value;
	__u32 length;
	__u32 local, remote; /* IPv4 addresses, in network order */
	__u16 local_port, remote_port;
	__u8 kind, host, family;
	__u8 from, to, flags;
	__u8 extra;
	__u8 lines; /* of the whole record */
};

/* The second line, of records that need it. */
struct raw_more {
	__u8 local[16], remote[16]; /* IPv6 addresses */
	char command[16];           /* with a pid */
	__s32 bytes;                /* of the frames in the lines that follow, <= 0: none */
	__u32 exiting;              /* the process ends, and what it has open with it */
	__u64 caller;               /* what stands on top of its stack, with the frames */
};

union raw_line {
	struct raw_event event;
	struct raw_more more;
	__u64 frame[RAW_LINE_FRAMES];
};

/* A watched namespace. */
struct raw_net {
	__u32 slot, host;
};

/* The queue of a slot's lines. What one side writes often is in a cache line of its own. */
struct raw_queue {
	__u64 head; /* lines taken so far, by programs */
	__u64 pad_head[7];
	__u64 tail;   /* lines given back, by the reader */
	__u32 asleep; /* the reader asks to be woken by the next record */
	__u32 pad_tail[13];
};

/* What the first of the two programs for states has seen last, on one processor. */
struct raw_mark {
	__u64 cookie;
	__u64 change; /* from << 8 | to */
};

#define RAW_MARKS 64 /* by the cookie */

struct raw_counts {
	__u64 entered[RAW_STATES];
	__u64 minisockets, rearms, cancels, expired;
	__u64 cancelled; /* cookie of the minisocket whose timer was taken off last on this CPU */
	__u64 retransmits, resets_sent, resets_received;
	__u64 events, lost;
};

#endif
