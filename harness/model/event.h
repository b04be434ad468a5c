/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that is observed or done in a cell is an event on one timeline. Events are plain data;
 * the observers make them, the judge and the reporters read them, and timeline.c writes and reads
 * them as one line of JSON each.
 */
#ifndef LASTACK_EVENT_H
#define LASTACK_EVENT_H

#include "core/addr.h"
#include "core/tcp_state.h"
#include "model/conntrack.h"
#include "model/segment.h"

#include <stdint.h>

/* Hosts of a cell. ACTOR_WIRE, ACTOR_BOTH are actors of a scenario, not hosts. */
enum host {
	HOST_CLIENT,
	HOST_SERVER,
	HOST_ROUTER,
	HOST_COUNT,
	ACTOR_WIRE = HOST_COUNT,
	ACTOR_BOTH,
	ACTOR_LAB,
	ACTOR_COUNT
};

extern const char *const actor_names[ACTOR_COUNT]; /* "client" ... */
int actor_parse(const char *name);                 /* -1 when unknown */

enum event_kind {
	EV_STEP,      /* the runner began or ended a step */
	EV_STATE,     /* a socket went from one state to another */
	EV_SOCKET,    /* a dump showed a socket that is new or whose details changed */
	EV_SAMPLE,    /* a dump of one host is complete: its sockets are known as of this moment */
	EV_SEGMENT,   /* a segment arrived at the wire */
	EV_PEER,      /* a peer reported something */
	EV_COUNTER,   /* a kernel counter of one host changed since the cell was built */
	EV_OWNED,     /* how many connection sockets the peer's descriptors hold */
	EV_KERNEL,    /* the kernel did something else with a socket than change its state */
	EV_CONNTRACK, /* a router's entry for a connection is new, changed or gone */
	EV_TICK,      /* time passed: a deadline that somebody waited for */
	EV_NOTE,      /* words for the reader, no effect on a verdict */
	EV_TROUBLE,   /* the lab failed: the verdict is ERROR */
	EV_COUNT
};

/* Who saw it. */
enum source {
	SRC_RUNNER,
	SRC_BPF,
	SRC_SOCK_DIAG, /* a dump */
	SRC_WIRE,      /* a segment, or a look at one socket before and after it passed */
	SRC_PEER,
	SRC_SNMP,
	SRC_OWNERS,
	SRC_CONNTRACK, /* a router's table of connections, and its changes as they happen */
	SRC_NFT,       /* counters of the packet filter */
	SRC_COUNT
};

extern const char *const source_names[SRC_COUNT];

/* EV_STEP */
enum step_phase {
	STEP_BEGIN,
	STEP_HOLDS, /* it ended: its expectations hold, or its action has settled */
	STEP_FAILS,
};

struct ev_step {
	unsigned index; /* into scenario.steps */
	enum step_phase phase;
};

/*
 * EV_STATE. `to` is ST_CLOSE when the socket left the table. The change happened in
 * (since_ns, event.t_ns]; since_ns == t_ns when the moment is exact. `inferred`: not seen itself,
 * but the only way between two states that were (a state that lasted microseconds).
 */
struct ev_state {
	enum tcp_state from, to;
	uint64_t since_ns;
	int inferred;
	uint32_t pid; /* 0: not known, or not caused by a process */
	uint32_t tid;
	char command[16]; /* of that process, as in /proc/PID/comm */
	int exiting;      /* the process was ending, and closed what it had open */
};

/* EV_SOCKET: a row as sock_diag gives it. timer: 0 none, 1 retransmit, 2 keepalive, 3 timewait, 4
 * probe */
struct ev_socket {
	enum tcp_state state;
	uint32_t rqueue, wqueue, inode, timer, expires_ms, retrans;
};

/* EV_SEGMENT. event.host is the sender, event.tuple is the sender's view. */
struct ev_segment {
	uint64_t number;     /* of the segment on this wire, from 1 */
	unsigned connection; /* of the connection on this wire, from 1 */
	enum segment_role role;
	unsigned ordinal;  /* of this role, direction and connection, from 1 */
	int again;         /* a retransmission (or probe) of what was sent before */
	int probe;         /* a tail loss probe: again, too */
	unsigned flags;    /* enum segment_flags */
	uint32_t seq, ack; /* as in the header */
	uint32_t length;   /* payload bytes */
	uint32_t window;   /* as in the header, unscaled */
	enum segment_fate fate;
	int rule; /* index into scenario.rules, -1 none */

	/*
	 * The sender's own clock when it sent this: TSval of the timestamp option (RFC 7323), which
	 * Linux counts in ms from a random beginning for each connection.
	 */
	int has_sent;
	uint32_t sent_ms;
};

/* EV_PEER: see docs/control-protocol.md */
#define PEER_VERBS(V)                                                                              \
	V(READY, "ready")         /* the program has started */                                    \
	V(LISTENING, "listening") /* tuple.local is bound */                                       \
	V(CONNECTED, "connected")                                                                  \
	V(ACCEPTED, "accepted")                                                                    \
	V(RECEIVED, "received") /* bytes */                                                        \
	V(SENT, "sent")         /* bytes */                                                        \
	V(EOF, "eof")           /* read() returned 0: the other side sent FIN */                   \
	V(SHUT, "shut")         /* shutdown(SHUT_WR) was called */                                 \
	V(CLOSED, "closed")     /* close() was called */                                           \
	V(FAILED, "failed")     /* a system call failed: call, error */                            \
	V(DONE, "done")         /* the command with this number has been carried out */            \
	V(EXITED, "exited")     /* made by the runner: the process has ended: status */

enum peer_verb {
#define PEER_ENUM(id, name) PEER_##id,
	PEER_VERBS(PEER_ENUM)
#undef PEER_ENUM
	        PEER_VERB_COUNT
};

extern const char *const peer_verb_names[PEER_VERB_COUNT];

/* The number of the commands before the first step, which no step has; those count from 1. */
#define COMMAND_SET_UP 4000000000u

struct ev_peer {
	enum peer_verb verb;
	unsigned connection; /* the peer's own number for it, from 1; 0 none */
	uint64_t bytes;
	int error;        /* errno of a FAILED */
	char call[16];    /* the system call of a FAILED: "connect" */
	unsigned command; /* DONE, FAILED: the command's number */
	int status;       /* EXITED: as of waitpid */
};

/* EV_COUNTER: "TcpExt.TWRecycled", as a difference since the cell was built */
struct ev_counter {
	char name[48];
	int64_t value;
};

/* EV_OWNED: connections (not listeners) among the descriptors of the host's program */
struct ev_owned {
	unsigned descriptors;
};

/* EV_KERNEL */
#define KERNEL_DEEDS(K)                                                                            \
	K(MINISOCKET, "minisocket", "a minisocket took over from the full socket")                 \
	K(REARM, "rearm", "the timer of a minisocket was set again")                               \
	K(EXPIRE, "expire", "a minisocket came to the end of its time")                            \
	K(KILL, "kill", "a minisocket was ended before its time")                                  \
	K(REUSE, "reuse", "a minisocket made way for a new connection with its four-tuple")        \
	K(RETRANSMIT, "retransmit", "a segment was sent again")                                    \
	K(RESET_SENT, "reset-sent", "a reset was sent")                                            \
	K(RESET_RECEIVED, "reset-received", "an acceptable reset arrived")                         \
	K(DESTROY, "destroy", "the last reference to the socket is gone")                          \
	K(OVERFLOW, "overflow", "an accept queue was full")

enum kernel_deed {
#define KERNEL_ENUM(id, name, help) KERNEL_##id,
	KERNEL_DEEDS(KERNEL_ENUM)
#undef KERNEL_ENUM
	        KERNEL_DEED_COUNT
};

extern const char *const kernel_deed_names[KERNEL_DEED_COUNT];
extern const char *const kernel_deed_helps[KERNEL_DEED_COUNT];
int kernel_deed_parse(const char *name); /* -1 when unknown */

struct ev_kernel {
	enum kernel_deed deed;
	enum tcp_state state; /* of the socket at that moment; of a minisocket the substate */
	uint64_t timer_ns;    /* MINISOCKET, REARM: how long the timer runs from t_ns on */
	unsigned flags;       /* RETRANSMIT: enum segment_flags of what was sent again */
	uint32_t seq;         /* RETRANSMIT: its sequence number, as in the header */
	uint32_t length;      /* RETRANSMIT: payload bytes */
	int probe;            /* RETRANSMIT: a tail loss probe, no timeout */
	uint32_t count;       /* OVERFLOW: so many together; 0: one */
	char reason[40];      /* RESET_SENT: the kernel's own word for why; empty: it has none */
	uint32_t pid, tid;    /* 0: not known, or not caused by a process */
};

/*
 * EV_CONNTRACK: event.tuple is the connection as its opener sees it, event.cookie the entry's id.
 * `reply` is how the other end sees it: not the reverse of event.tuple where addresses are
 * translated. `to` is CT_NONE when the entry is gone.
 */
struct ev_conntrack {
	enum conntrack_state from, to;
	struct tuple reply;
	uint32_t timeout_s; /* until it is forgotten, unless something passes */
	int assured;        /* both sides were heard: it is not dropped for want of room */
};

struct event {
	uint64_t t_ns;
	enum event_kind kind;
	enum source source;
	enum host host;
	uint64_t cookie;    /* of the socket; a minisocket keeps it; 0 not known */
	struct tuple tuple; /* as `host` sees it; families 0 when not known */
	union {
		struct ev_step step;
		struct ev_state state;
		struct ev_socket socket;
		struct ev_segment segment;
		struct ev_peer peer;
		struct ev_counter counter;
		struct ev_owned owned;
		struct ev_kernel kernel;
		struct ev_conntrack conntrack;
		char text[256]; /* NOTE, TROUBLE */
	};
};

#endif
