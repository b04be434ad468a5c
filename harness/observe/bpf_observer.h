/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the BPF observer share: bpf_load.c loads the programs, bpf.c says what they
 * watch, bpf_ring.c reads the records, bpf_merge.c makes events of them, by bpf_tell.c.
 */
#ifndef LASTACK_BPF_OBSERVER_H
#define LASTACK_BPF_OBSERVER_H

#include "observe/bpf.h"

#include <linux/types.h>

#include "observe/bpf_raw.h"

_Static_assert(RAW_SLOTS == BPF_SLOTS, "the slots of both sides");
_Static_assert(RAW_FRAMES == BPF_FRAMES, "the frames of both sides");
_Static_assert(RAW_HOSTS == HOST_COUNT, "the hosts of both sides");
_Static_assert(ST_COUNT <= RAW_STATES, "the states that are counted");

typedef char bpf_reason[sizeof((struct ev_kernel){0}.reason)];

#define BPF_REASONS 64 /* of enum sk_rst_reason: the kernel's own names, from its BTF */

struct bpf_programs; /* loaded and attached */

struct bpf_observer {
	struct bpf_programs *programs;
	struct bpf_options options;
	int rings, bells, nets, counts;          /* descriptors of the maps */
	int ring[BPF_SLOTS], bell[BPF_SLOTS];    /* descriptors, -1: not made yet */
	struct raw_queue *queues;                /* mapped, BPF_SLOTS of them */
	uint64_t watched[BPF_SLOTS][HOST_COUNT]; /* cookies of network namespaces, 0 none */
	bpf_reason reasons[BPF_REASONS];
};

/* ---- bpf_load.c ---- */

struct bpf_programs *bpf_programs_load(const struct bpf_options *o, struct err *err);
void bpf_programs_unload(struct bpf_programs *p);
unsigned bpf_programs_had(const struct bpf_programs *p);    /* 1 << BPF_HAS_x */
uint64_t bpf_programs_missed(const struct bpf_programs *p); /* transitions, of any namespace */
int bpf_programs_map(const struct bpf_programs *p, const char *name);

/* ---- bpf_reasons.c ---- */

/* Those that cannot be had stay empty. */
void bpf_reasons_read(bpf_reason ret[BPF_REASONS]);

/* ---- bpf_lanes.c: a slot's lines ---- */

/* A ring of lines, by the options. */
uint64_t bpf_lane_lines(const struct bpf_options *o);

struct bpf_lane {
	struct raw_queue *queue;
	const union raw_line *lines; /* mapped */
	uint64_t n_lines, place, given_back;
	const struct raw_event *next; /* the record at `place`, NULL while it is not complete */
	uint64_t t_ns;                /* of the last one that was passed */
};

struct bpf_lanes {
	struct bpf_lane *lane;
	unsigned n;
	uint64_t bound_ns;
};

int bpf_lanes_open(
        struct bpf_lanes *ls, const struct bpf_observer *o, unsigned slot, struct err *err);
void bpf_lanes_close(struct bpf_lanes *ls);

/* begin, then next and pass until there is none, then end. */
void bpf_lanes_begin(struct bpf_lanes *ls);
struct bpf_lane *bpf_lanes_next(const struct bpf_lanes *ls);
void bpf_lane_pass(struct bpf_lane *l);
void bpf_lanes_end(struct bpf_lanes *ls);
/*
 * All records of before this time have been handed out, if the last reading began at now_ns. It
 * is earlier where a record is not complete: its program was interrupted, or its CPU stands still.
 */
uint64_t bpf_lanes_known_ns(const struct bpf_lanes *ls, uint64_t now_ns);

/* A line of the record at hand. */
const union raw_line *bpf_lane_line(const struct bpf_lane *l, unsigned offset);

/* Says to the programs that the next record must ring the bell; whether none has since. */
void bpf_lanes_sleep(const struct bpf_lanes *ls, int asleep);
int bpf_lanes_asleep(const struct bpf_lanes *ls);

/* ---- bpf_tell.c: one record, one event ---- */

/* A record with all its lines in one place; what it doesn't have is zero. */
struct bpf_record {
	uint64_t t_ns, cookie;
	uint32_t pid, tid, value, length;
	uint16_t local_port, remote_port;
	uint8_t kind, host, family, from, to, flags, extra, exiting;
	uint8_t local[16], remote[16];
	char command[16];
};

struct bpf_teller {
	const bpf_reason *reasons;
	uint64_t jiffy_ns;
	void (*each)(void *arg, const struct event *e);
	void *arg;
};

void bpf_tell_state(const struct bpf_teller *t, const struct bpf_record *raw, enum tcp_state from,
        enum tcp_state to);
void bpf_tell_deed(const struct bpf_teller *t, const struct bpf_record *raw, enum kernel_deed deed,
        enum tcp_state state);
void bpf_tell_timer(const struct bpf_teller *t, const struct bpf_record *raw, enum kernel_deed deed,
        enum tcp_state state);
void bpf_tell_retransmit(const struct bpf_teller *t, const struct bpf_record *raw);
void bpf_tell_reset_sent(const struct bpf_teller *t, const struct bpf_record *raw);

/* What a timer had still to run. */
uint64_t bpf_timer_ns(const struct bpf_teller *t, const struct bpf_record *raw);

/* ---- bpf_merge.c: records to events, in the order in which they come; it knows no kernel ---- */

struct bpf_merge;

struct bpf_merge *bpf_merge_new(const bpf_reason reasons[BPF_REASONS], unsigned hz,
        void (*each)(void *arg, const struct event *e), void *arg);
void bpf_merge_free(struct bpf_merge *m);

/*
 * From now on as little as can be is kept of each socket: SYN_SENT does not wait for its port (no
 * record will tell), and a minisocket is forgotten until something happens to it, so that a timer
 * set again within its bucket of the wheel goes unseen.
 */
void bpf_merge_brief(struct bpf_merge *m);

void bpf_merge_record(struct bpf_merge *m, const struct bpf_record *raw);

/* Decides what has waited long enough for a record that would have followed at once. */
void bpf_merge_settle(struct bpf_merge *m, uint64_t now_ns);

/* How many minisockets ended whose beginning was not seen. */
uint64_t bpf_merge_strangers(const struct bpf_merge *m);

/* Whether a later bpf_merge_settle() may have something to decide. */
int bpf_merge_waits(const struct bpf_merge *m);

#endif
