/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF observer where it could not be built: it says so, and nothing else is ever called. */
#include "observe/bpf.h"

#ifndef LASTACK_BPF

static int absent(struct err *err)
{
	return err_set(err, ERR_MISSING,
	        "bpf: this lastack was built without it (building it takes clang, bpftool, libbpf "
	        "and /sys/kernel/btf/vmlinux)");
}

struct bpf_observer *bpf_observer_new(const struct bpf_options *options, struct err *err)
{
	(void)options;
	absent(err);
	return NULL;
}

void bpf_observer_free(struct bpf_observer *o)
{
	(void)o;
}

unsigned bpf_lanes_wanted(void)
{
	return 1;
}

unsigned bpf_observer_had(const struct bpf_observer *o)
{
	(void)o;
	return 0;
}

int bpf_observer_slot(struct bpf_observer *o, unsigned slot, struct err *err)
{
	(void)o;
	(void)slot;
	return absent(err);
}

void bpf_observer_release(struct bpf_observer *o, unsigned slot)
{
	(void)o;
	(void)slot;
}

int bpf_observer_watch(struct bpf_observer *o, unsigned slot, enum host host, uint64_t netns_cookie,
        struct err *err)
{
	(void)o;
	(void)slot;
	(void)host;
	(void)netns_cookie;
	return absent(err);
}

int bpf_observer_counts(const struct bpf_observer *o, unsigned slot, enum host host,
        struct bpf_counts *ret, struct err *err)
{
	(void)o;
	(void)slot;
	(void)host;
	(void)ret;
	return absent(err);
}

struct bpf_ring *bpf_ring_open(struct bpf_observer *o, unsigned slot,
        void (*each)(void *arg, const struct event *e), void *arg, struct err *err)
{
	(void)o;
	(void)slot;
	(void)each;
	(void)arg;
	absent(err);
	return NULL;
}

void bpf_ring_close(struct bpf_ring *r)
{
	(void)r;
}

int bpf_ring_start(struct bpf_ring *r, struct event_base *base, struct err *err)
{
	(void)r;
	(void)base;
	return absent(err);
}

int bpf_ring_consume(struct bpf_ring *r)
{
	(void)r;
	return 0;
}

const struct bpf_stack *bpf_ring_stack(const struct bpf_ring *r, const struct event *e)
{
	(void)r;
	(void)e;
	return NULL;
}

uint64_t bpf_ring_strangers(const struct bpf_ring *r)
{
	(void)r;
	return 0;
}

uint64_t bpf_ring_missed(const struct bpf_ring *r)
{
	(void)r;
	return 0;
}

uint64_t bpf_ring_lost(struct bpf_ring *r)
{
	(void)r;
	return 0;
}

#endif
