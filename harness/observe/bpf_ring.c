/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the ring of one slot. The reader is asleep, and then the first record wakes it; or awake,
 * and then it looks on a timer, and records come without a wake-up. It goes to sleep when it has
 * found nothing twice: between the two it has already said that it sleeps, so that a record cannot
 * slip through unnoticed.
 */
#include "observe/bpf_observer.h"

#ifdef LASTACK_BPF

#include "core/clock.h"

#include <bpf/libbpf.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FEW      64 /* records at a time: low load, so look again soon */
#define SOON_NS  (2 * NS_PER_MS)
#define LATER_NS (10 * NS_PER_MS)

struct bpf_ring {
	struct bpf_observer *observer;
	unsigned slot;
	struct ring_buffer *buffer;
	struct bpf_merge *merge;
	void (*each)(void *arg, const struct event *e);
	void *arg;
	uint64_t missed_before;          /* before this ring was opened */
	int events;                      /* handed over by this call */
	const struct raw_event *current; /* the record being handled */
	struct event *readable, *timer;  /* with bpf_ring_start */
};

static void deliver(void *arg, const struct event *e)
{
	struct bpf_ring *r = arg;

	r->events++;
	r->each(r->arg, e);
}

/* Records of the slot's previous cell may still be in the ring. */
static int is_ours(const struct bpf_ring *r, const struct raw_event *raw)
{
	return raw->host < HOST_COUNT &&
	       (uint32_t)r->observer->watched[r->slot][raw->host] == raw->net;
}

static int on_record(void *arg, void *data, size_t size)
{
	struct bpf_ring *r = arg;
	const struct raw_event *raw = data;

	if (size < sizeof *raw || !is_ours(r, raw))
		return 0;
	r->current = raw;
	bpf_merge_record(r->merge, raw);
	r->current = NULL;
	return 0;
}

struct bpf_ring *bpf_ring_open(struct bpf_observer *o, unsigned slot,
        void (*each)(void *arg, const struct event *e), void *arg, struct err *err)
{
	struct bpf_ring *r;

	if (slot >= BPF_SLOTS || o->ring[slot] < 0) {
		err_set(err, ERR_LAB, "bpf: there is no ring for slot %u", slot);
		return NULL;
	}
	r = must(calloc(1, sizeof *r));
	r->observer = o;
	r->slot = slot;
	r->each = each;
	r->arg = arg;
	r->buffer = ring_buffer__new(o->ring[slot], on_record, r, NULL);
	if (!r->buffer) {
		err_sys(err, "bpf: mapping the ring of slot %u", slot);
		free(r);
		return NULL;
	}
	r->missed_before = bpf_programs_missed(o->programs);
	r->merge = bpf_merge_new(o->reasons, clock_hz(), deliver, r);
	return r;
}

void bpf_ring_close(struct bpf_ring *r)
{
	if (!r)
		return;
	r->observer->sleepers[r->slot].asleep = 0;
	if (r->readable)
		event_free(r->readable);
	if (r->timer)
		event_free(r->timer);
	bpf_merge_free(r->merge);
	ring_buffer__free(r->buffer);
	free(r);
}

int bpf_ring_consume(struct bpf_ring *r, struct err *err)
{
	uint64_t now = clock_now_ns(); /* before reading: what is older has been read */
	int n;

	r->events = 0;
	n = ring_buffer__consume(r->buffer);
	if (n < 0)
		return err_sys(err, "bpf: reading the ring");
	bpf_merge_settle(r->merge, now);
	return r->events;
}

size_t bpf_ring_stack(const struct bpf_ring *r, const struct event *e, const uint64_t **ret)
{
	const struct raw_stacked *s = (const struct raw_stacked *)r->current;

	if (!s || !r->observer->options.stacks || s->event.t_ns != e->t_ns || s->bytes <= 0)
		return 0;
	*ret = (const uint64_t *)s->frame;
	return (size_t)s->bytes / sizeof *s->frame;
}

uint64_t bpf_ring_lost(struct bpf_ring *r)
{
	struct bpf_counts c;
	uint64_t lost = 0;

	for (int h = 0; h < HOST_COUNT; h++) {
		if (!r->observer->watched[r->slot][h])
			continue;
		if (bpf_observer_counts(r->observer, r->slot, (enum host)h, &c, NULL))
			return UINT64_MAX;
		lost += c.lost;
	}
	return lost;
}

uint64_t bpf_ring_missed(const struct bpf_ring *r)
{
	return bpf_programs_missed(r->observer->programs) - r->missed_before;
}

uint64_t bpf_ring_strangers(const struct bpf_ring *r)
{
	return bpf_merge_strangers(r->merge);
}

/* ---- in an event loop ---- */

static void look_again(struct bpf_ring *r, uint64_t ns)
{
	struct timeval tv = clock_timeval(ns);

	event_add(r->timer, &tv);
}

static _Atomic uint32_t *asleep(const struct bpf_ring *r)
{
	return (_Atomic uint32_t *)&r->observer->sleepers[r->slot].asleep;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct bpf_ring *r = arg;

	(void)fd;
	(void)what;
	atomic_store(asleep(r), 0);
	event_del(r->readable);
	bpf_ring_consume(r, NULL);
	look_again(r, SOON_NS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct bpf_ring *r = arg;
	int tired = (int)atomic_load(asleep(r)), n = bpf_ring_consume(r, NULL);

	(void)fd;
	(void)what;
	if (n || bpf_merge_waits(r->merge)) {
		atomic_store(asleep(r), 0);
		look_again(r, n < FEW ? SOON_NS : LATER_NS);
	} else if (!tired) {
		atomic_store(asleep(r), 1);
		look_again(r, SOON_NS);
	} else {
		event_add(r->readable, NULL);
	}
}

int bpf_ring_start(struct bpf_ring *r, struct event_base *base, struct err *err)
{
	r->readable = event_new(base, ring_buffer__epoll_fd(r->buffer), EV_READ, on_readable, r);
	r->timer = event_new(base, -1, 0, on_timer, r);
	if (!r->readable || !r->timer)
		return err_set(err, ERR_LAB, "bpf: the event loop takes no more events");
	look_again(r, 0);
	return 0;
}

#endif
