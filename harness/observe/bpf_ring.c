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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECENT   1024 /* more transitions than one softirq makes */
#define KEPT     256  /* stacks: more than there are records while one is held */
#define FEW      64   /* records at a time: low load, so look again soon */
#define SOON_NS  (2 * NS_PER_MS)
#define LATER_NS (10 * NS_PER_MS)

/* A transition that was read. */
struct trace_of_state {
	uint64_t cookie;
	uint8_t from, to;
};

/* The stack of a record, which may be told of later. */
struct kept_stack {
	uint64_t t_ns, cookie;
	struct bpf_stack stack;
};

struct bpf_ring {
	struct bpf_observer *observer;
	unsigned slot;
	struct bpf_lanes lanes;
	struct ring_buffer *bell;
	struct bpf_merge *merge;
	void (*each)(void *arg, const struct event *e);
	void *arg;
	uint64_t missed_before;  /* before this ring was opened */
	int events;              /* handed over by this call */
	struct kept_stack *kept; /* with stacks: the last ones, in a circle */
	unsigned n_kept;
	struct trace_of_state recent[RECENT]; /* the last ones, in a circle */
	unsigned n_recent;
	struct event *readable, *timer; /* with bpf_ring_start */
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

static void unpack(struct bpf_record *ret, const struct raw_event *raw, const struct raw_more *more)
{
	*ret = (struct bpf_record){
	        .t_ns = raw->t_ns,
	        .cookie = raw->cookie,
	        .pid = raw->pid,
	        .tid = raw->tid,
	        .value = raw->value,
	        .length = raw->length,
	        .local_port = raw->local_port,
	        .remote_port = raw->remote_port,
	        .kind = raw->kind,
	        .host = raw->host,
	        .family = raw->family,
	        .from = raw->from,
	        .to = raw->to,
	        .flags = raw->flags,
	        .extra = raw->extra,
	};
	if (raw->family == AF_INET6 && more) {
		memcpy(ret->local, more->local, sizeof ret->local);
		memcpy(ret->remote, more->remote, sizeof ret->remote);
	} else {
		memcpy(ret->local, &raw->local, sizeof raw->local);
		memcpy(ret->remote, &raw->remote, sizeof raw->remote);
	}
	if (!raw->pid || !more)
		return;
	memcpy(ret->command, more->command, sizeof ret->command);
	ret->exiting = !!more->exiting;
}

/*
 * Whether the second program for states recorded what the first had recorded already. No socket
 * makes the same transition twice without another between them.
 */
static int is_twin(struct bpf_ring *r, const struct raw_event *raw)
{
	struct trace_of_state this = {raw->cookie, raw->from, raw->to};

	if (raw->kind != RAW_STATE)
		return 0;
	for (unsigned i = 0; raw->extra && i < RECENT; i++)
		if (r->recent[i].cookie == this.cookie && r->recent[i].from == this.from &&
		        r->recent[i].to == this.to)
			return 1;
	r->recent[r->n_recent++ % RECENT] = this;
	return 0;
}

/* Out of the lines, which may go around the end of their ring. */
static void keep_stack(struct bpf_ring *r, const struct bpf_lane *l)
{
	const struct raw_more *more = &bpf_lane_line(l, 1)->more;
	struct kept_stack *k = &r->kept[r->n_kept++ % KEPT];

	k->t_ns = l->next->t_ns;
	k->cookie = l->next->cookie;
	k->stack.n = more->bytes > 0 ? (size_t)more->bytes / sizeof *k->stack.frames : 0;
	if (k->stack.n > RAW_FRAMES)
		k->stack.n = RAW_FRAMES;
	k->stack.caller = more->caller;
	for (unsigned i = 0; i < RAW_FRAME_LINES; i++)
		memcpy(k->stack.frames + (size_t)i * RAW_LINE_FRAMES,
		        bpf_lane_line(l, 2 + i)->frame, RAW_LINE);
}

static void on_record(struct bpf_ring *r, const struct bpf_lane *l)
{
	const struct raw_event *raw = l->next;
	struct bpf_record record;

	if (!is_ours(r, raw) || is_twin(r, raw))
		return;
	unpack(&record, raw, raw->lines > 1 ? &bpf_lane_line(l, 1)->more : NULL);
	if (r->kept && record.pid)
		keep_stack(r, l);
	bpf_merge_record(r->merge, &record);
}

static void read_lanes(struct bpf_ring *r)
{
	struct bpf_lane *l;

	bpf_lanes_begin(&r->lanes);
	while ((l = bpf_lanes_next(&r->lanes))) {
		on_record(r, l);
		bpf_lane_pass(l);
	}
	bpf_lanes_end(&r->lanes);
}

static int on_bell(void *arg, void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

struct bpf_ring *bpf_ring_open(struct bpf_observer *o, unsigned slot,
        void (*each)(void *arg, const struct event *e), void *arg, struct err *err)
{
	struct bpf_ring *r;

	if (slot >= BPF_SLOTS / o->options.lanes || o->bell[slot] < 0) {
		err_set(err, ERR_LAB, "bpf: there is no ring for slot %u", slot);
		return NULL;
	}
	r = must(calloc(1, sizeof *r));
	r->observer = o;
	r->slot = slot;
	r->each = each;
	r->arg = arg;
	r->bell = ring_buffer__new(o->bell[slot], on_bell, r, NULL);
	if (!r->bell) {
		err_sys(err, "bpf: mapping the bell of slot %u", slot);
		free(r);
		return NULL;
	}
	if (bpf_lanes_open(&r->lanes, o, slot, err)) {
		ring_buffer__free(r->bell);
		free(r);
		return NULL;
	}
	if (o->options.stacks)
		r->kept = must(calloc(KEPT, sizeof *r->kept));
	r->missed_before = bpf_programs_missed(o->programs);
	r->merge = bpf_merge_new(o->reasons, clock_hz(), deliver, r);
	if (o->options.quick)
		bpf_merge_brief(r->merge);
	return r;
}

void bpf_ring_close(struct bpf_ring *r)
{
	if (!r)
		return;
	bpf_lanes_sleep(&r->lanes, 0);
	if (r->readable)
		event_free(r->readable);
	if (r->timer)
		event_free(r->timer);
	bpf_merge_free(r->merge);
	ring_buffer__free(r->bell);
	bpf_lanes_close(&r->lanes);
	free(r->kept);
	free(r);
}

/* The bell is not touched: who took it from a reader that sleeps would leave it asleep for ever. */
int bpf_ring_consume(struct bpf_ring *r)
{
	uint64_t now = clock_now_ns(); /* before reading: what is older has been read */

	r->events = 0;
	read_lanes(r);
	bpf_merge_settle(r->merge, bpf_lanes_known_ns(&r->lanes, now));
	return r->events;
}

const struct bpf_stack *bpf_ring_stack(const struct bpf_ring *r, const struct event *e)
{
	for (unsigned i = 0; r->kept && i < KEPT && i < r->n_kept; i++) {
		const struct kept_stack *k = &r->kept[(r->n_kept - 1 - i) % KEPT];

		if (k->t_ns == e->t_ns && k->cookie == e->cookie)
			return k->stack.n ? &k->stack : NULL;
	}
	return NULL;
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

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct bpf_ring *r = arg;

	(void)fd;
	(void)what;
	bpf_lanes_sleep(&r->lanes, 0);
	event_del(r->readable);
	ring_buffer__consume(r->bell);
	bpf_ring_consume(r);
	look_again(r, SOON_NS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct bpf_ring *r = arg;
	int tired = bpf_lanes_asleep(&r->lanes), n = bpf_ring_consume(r);

	(void)fd;
	(void)what;
	if (n || bpf_merge_waits(r->merge)) {
		bpf_lanes_sleep(&r->lanes, 0);
		look_again(r, n < FEW ? SOON_NS : LATER_NS);
	} else if (!tired) {
		bpf_lanes_sleep(&r->lanes, 1);
		look_again(r, SOON_NS);
	} else {
		event_add(r->readable, NULL);
	}
}

int bpf_ring_start(struct bpf_ring *r, struct event_base *base, struct err *err)
{
	r->readable = event_new(base, ring_buffer__epoll_fd(r->bell), EV_READ, on_readable, r);
	r->timer = event_new(base, -1, 0, on_timer, r);
	if (!r->readable || !r->timer)
		return err_set(err, ERR_LAB, "bpf: the event loop takes no more events");
	look_again(r, 0);
	return 0;
}

#endif
