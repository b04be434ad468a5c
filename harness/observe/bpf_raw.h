/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the BPF programs and the reader of the rings share: the records, and the values of the maps.
 * Included by both sides, so it has no types but its own; vmlinux.h or linux/types.h comes first.
 */
#ifndef LASTACK_BPF_RAW_H
#define LASTACK_BPF_RAW_H

#define RAW_SLOTS  512
#define RAW_HOSTS  3
#define RAW_FRAMES 24

enum raw_kind {
	RAW_STATE,      /* from, to: as inet_sock_set_state has them */
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

struct raw_event {
	__u64 t_ns;
	__u64 cookie;
	__u32 net;      /* the low half of the namespace's cookie */
	__u32 pid, tid; /* of the process that caused it, 0: none, or nobody can tell */
	__u32 value;
	__u32 length;
	__u16 local_port, remote_port;
	__u8 kind, host, family;
	__u8 from, to, flags;
	__u8 extra;
	__u8 pad;
	__u8 local[16], remote[16];
	char command[16];
};

/* With stacks wanted, every record has this size. */
struct raw_stacked {
	struct raw_event event;
	__s32 bytes; /* of frames, <= 0: none */
	__u32 pad;
	__u64 frame[RAW_FRAMES];
};

/* A watched namespace. */
struct raw_net {
	__u32 slot, host;
};

/* Whether the reader of a slot's ring sleeps; a cache line each. */
struct raw_sleeper {
	__u32 asleep;
	__u32 pad[15];
};

/* Of the program for states, on one processor. */
struct raw_nesting {
	__u64 inside;  /* it runs */
	__u64 rescued; /* what its twin has seen instead */
};

struct raw_counts {
	__u64 entered[14];
	__u64 minisockets, rearms, cancels, expired;
	__u64 cancelled; /* cookie of the minisocket whose timer was taken off last on this CPU */
	__u64 retransmits, resets_sent, resets_received;
	__u64 events, lost;
};

#endif
