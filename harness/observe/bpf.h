/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own event stream: every transition of every socket, with TIME_WAIT from its start to
 * its end, as struct event.
 *
 *   controller, once      bpf_observer_new()           loads and attaches the programs
 *                         bpf_observer_slot(o, slot)   a ring for one cell at a time; reused
 *   runner of the cell    bpf_ring_open(o, slot, ...)  maps the slot's ring
 *                         bpf_ring_start(r, base)      events come by the event loop
 *                         bpf_observer_watch(...)      once for each host, before its first socket
 *                         bpf_ring_consume(r)          at any time: what is there now
 *   controller            bpf_observer_release(o, slot) when the cell is gone
 *
 * The runner is a fork of the controller (no exec): the descriptors are inherited, whatever
 * namespaces it is in. A socket whose namespace nobody watches costs one hash lookup in the kernel
 * and is never seen.
 *
 * Waking the reader for every event would cost a third of the rate of connections. The reader is
 * woken for the first event after it has been idle; as long as there is something to do it reads on
 * a timer instead, and says so to the kernel side.
 */
#ifndef LASTACK_BPF_H
#define LASTACK_BPF_H

#include "core/err.h"
#include "model/event.h"

struct event_base;
struct bpf_observer;
struct bpf_ring;

#define BPF_SLOTS 512 /* cells at a time; fewer with more lanes */

/* What each program gives. Any of them may be refused by a kernel, alone. */
#define BPF_PROGRAMS(P)                                                                            \
	P(STATE, "state", "every transition of a full socket")                                     \
	P(TW_START, "timewait-start", "a minisocket begins or is set again; connect() has a port") \
	P(TW_CANCEL, "timewait-cancel", "a minisocket is killed")                                  \
	P(TW_EXPIRE, "timewait-expire", "a minisocket comes to its end")                           \
	P(TW_SEGMENT, "timewait-segment", "a segment reaches a minisocket")                        \
	P(RETRANSMIT, "retransmit", "a segment is sent again")                                     \
	P(SYNACK, "synack", "a SYN-ACK is sent again")                                             \
	P(RESET_SENT, "reset-sent", "a reset is sent, and why")                                    \
	P(RESET_RECEIVED, "reset-received", "a reset arrives")                                     \
	P(DESTROY, "destroy", "the last reference to a socket is gone")

enum bpf_program_bit {
#define BPF_PROGRAM_ENUM(id, name, help) BPF_HAS_##id,
	BPF_PROGRAMS(BPF_PROGRAM_ENUM)
#undef BPF_PROGRAM_ENUM
	        BPF_PROGRAM_COUNT
};

extern const char *const bpf_program_names[BPF_PROGRAM_COUNT];
extern const char *const bpf_program_helps[BPF_PROGRAM_COUNT];

struct bpf_options {
	unsigned ring_bytes; /* of each ring, a power of two; 0: 2 MiB */
	unsigned lanes;      /* rings of each slot, so that processors need not share one; 0: 1 */
	int counts_only;     /* no events, only bpf_observer_counts() */
	int stacks;          /* with the user stack of who caused a transition */
	int quick; /* for churn: SYN_SENT without its port, no commands, no destroy, no reuse
	              (a kill), and no memory for each TIME_WAIT */
};

/* `options` may be NULL. NULL with err: ERR_MISSING and what is missing, for whatever reason. */
struct bpf_observer *bpf_observer_new(const struct bpf_options *options, struct err *err);
void bpf_observer_free(struct bpf_observer *o);

/* A lane for each processor, as far as that makes sense: for options.lanes. */
unsigned bpf_lanes_wanted(void);

/* Bit set of 1 << BPF_HAS_x: what this kernel took. BPF_HAS_STATE is always there. */
unsigned bpf_observer_had(const struct bpf_observer *o);

/* The names of what this kernel refused, "timewait-segment, destroy"; "" nothing. Returns buf. */
const char *bpf_observer_refused(const struct bpf_observer *o, char *buf, size_t size);

/* Whether the life of a TIME_WAIT is seen wholly. Without that, no path that has one is. */
int bpf_observer_times_timewait(const struct bpf_observer *o);

/* Makes the slot's ring if there is none yet. In the machine's own namespaces. */
int bpf_observer_slot(struct bpf_observer *o, unsigned slot, struct err *err);

/* Stops watching the namespaces of a slot. The ring stays, for the slot's next cell. */
void bpf_observer_release(struct bpf_observer *o, unsigned slot);

/* SO_NETNS_COOKIE of the caller's network namespace. */
int bpf_netns_cookie(uint64_t *ret, struct err *err);

/* From now on the events of this network namespace come to the slot's ring, as those of `host`. */
int bpf_observer_watch(struct bpf_observer *o, unsigned slot, enum host host, uint64_t netns_cookie,
        struct err *err);

/* What happened in one host so far, also with counts_only. */
struct bpf_counts {
	uint64_t entered[ST_COUNT];            /* full sockets that went into this state */
	uint64_t minisockets, expired, killed; /* that began, and how they ended */
	uint64_t rearms;                       /* seen on the timer: not those of under 2 s */
	uint64_t retransmits, resets_sent, resets_received;
	uint64_t events, lost; /* records for the ring: offered, and refused because it was full */
};
int bpf_observer_counts(const struct bpf_observer *o, unsigned slot, enum host host,
        struct bpf_counts *ret, struct err *err);

/*
 * Events come to `each` in the order in which the kernel recorded them, except that what is known
 * only in hindsight (a killed TIME_WAIT; SYN_SENT, whose port is chosen a moment later) comes a
 * little late, with its own t_ns.
 */
struct bpf_ring *bpf_ring_open(struct bpf_observer *o, unsigned slot,
        void (*each)(void *arg, const struct event *e), void *arg, struct err *err);
void bpf_ring_close(struct bpf_ring *r);

/* Reads by itself from this event loop on. Without it: bpf_ring_consume() every 20 ms or so. */
int bpf_ring_start(struct bpf_ring *r, struct event_base *base, struct err *err);

/* Hands over everything that has happened until now. The number of events. */
int bpf_ring_consume(struct bpf_ring *r);

#define BPF_FRAMES 24

struct bpf_stack {
	size_t n;
	uint64_t frames[BPF_FRAMES]; /* where it was, then return addresses by frame pointers */
	uint64_t caller; /* on top of the stack: the second return address, if it is one at all */
};

/*
 * With `stacks`, in `each`: the user stack of who caused the event, NULL when there is none. Valid
 * only for the time of the call.
 */
const struct bpf_stack *bpf_ring_stack(const struct bpf_ring *r, const struct event *e);

/* How many records were lost since the slot's hosts were watched: >0 spoils a dependent verdict. */
uint64_t bpf_ring_lost(struct bpf_ring *r);

/*
 * Transitions that no program saw since the ring was opened, because a program does not run inside
 * itself: where the kernel took only one of the two for states. Of the whole machine: whose they
 * were is not known, so they are no proof of a gap here.
 */
uint64_t bpf_ring_missed(const struct bpf_ring *r);

/*
 * Minisockets that ended without having begun: from before the watching, or, where it began before
 * the first socket, a sign that something was not seen.
 */
uint64_t bpf_ring_strangers(const struct bpf_ring *r);

#endif
