/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the BPF observer share: bpf_load.c loads the programs, bpf.c says what they
 * watch, bpf_ring.c reads the records, bpf_merge.c makes events of them.
 */
#ifndef LASTACK_BPF_OBSERVER_H
#define LASTACK_BPF_OBSERVER_H

#include "observe/bpf.h"

#include <linux/types.h>

#include "observe/bpf_raw.h"

_Static_assert(RAW_SLOTS == BPF_SLOTS, "the slots of both sides");
_Static_assert(RAW_HOSTS == HOST_COUNT, "the hosts of both sides");
_Static_assert(ST_COUNT == 14, "the states that are counted");

typedef char bpf_reason[sizeof((struct ev_kernel){0}.reason)];

#define BPF_REASONS 64 /* of enum sk_rst_reason: the kernel's own names, from its BTF */

struct bpf_programs; /* loaded and attached */

struct bpf_observer {
	struct bpf_programs *programs;
	struct bpf_options options;
	int rings, nets, counts;                 /* descriptors of the maps */
	int ring[BPF_SLOTS];                     /* descriptor, -1: not made yet */
	struct raw_sleeper *sleepers;            /* mapped, BPF_SLOTS of them */
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

/* ---- bpf_merge.c: records to events, in the order in which they come; it knows no kernel ---- */

struct bpf_merge;

struct bpf_merge *bpf_merge_new(const bpf_reason reasons[BPF_REASONS], unsigned hz,
        void (*each)(void *arg, const struct event *e), void *arg);
void bpf_merge_free(struct bpf_merge *m);

void bpf_merge_record(struct bpf_merge *m, const struct raw_event *raw);

/* Decides what has waited long enough for a record that would have followed at once. */
void bpf_merge_settle(struct bpf_merge *m, uint64_t now_ns);

/* How many minisockets ended whose beginning was not seen. */
uint64_t bpf_merge_strangers(const struct bpf_merge *m);

/* Whether a later bpf_merge_settle() may have something to decide. */
int bpf_merge_waits(const struct bpf_merge *m);

#endif
