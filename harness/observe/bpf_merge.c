/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes one life of what the kernel does with two objects. When a connection needs no full socket
 * any more, a minisocket with the same cookie takes its place:
 *
 *   full socket    ... FIN_WAIT_1 -> FIN_WAIT_2 ----------.-> CLOSE   (a record, to be swallowed)
 *   minisocket                       FIN_WAIT_2 or TIME_WAIT -> ... -> gone
 *
 * The records come in this order: the timer of the minisocket starts, the full socket closes. Only
 * the second says which state the first followed, so the start waits for it. Three more things are
 * known only from what comes next, or does not come:
 *
 *   a timer is taken off    it is put back at once (moved), fires at once (expired), or neither:
 *                           the minisocket was killed
 *   ... by a segment        which is then discarded: a reset, say; or a new connection begins with
 *                           the same four-tuple
 *   SYN_SENT                the port is chosen a moment after the state is set
 *
 * Such a record waits in its socket's entry until its answer comes or it has waited long enough.
 */
#include "core/array.h"
#include "core/clock.h"
#include "observe/bpf_observer.h"

#include <string.h>

/* Cookies are counted up and hashes of four-tuples are mixed: folding them is enough. */
#define HASH_FUNCTION(key, size, ret)                                                              \
	do {                                                                                       \
		uint64_t k_ = *(const uint64_t *)(key)*0x9e3779b97f4a7c15u;                        \
		(ret) = (unsigned)(k_ >> 32);                                                      \
	} while (0)
#include <uthash.h>

#define RECENT 512
#define WAIT_NS                                                                                    \
	(5 * NS_PER_MS) /* more than lies between two records of one call chain, preempted */

enum waiting { FOR_NOTHING, FOR_PORT, FOR_CLOSE, FOR_MORE };

struct life {
	uint64_t key;
	enum waiting waiting;
	int minisocket;        /* it has one */
	int closes;            /* the CLOSE of its full socket is still to come, and not the end */
	enum tcp_state state;  /* of the minisocket */
	uint64_t end_ns;       /* when its timer comes to its end, by its length */
	struct raw_event held; /* what waits */
	UT_hash_handle hh;
};

struct pending {
	uint64_t key, t_ns;
};

struct bpf_merge {
	struct life *lives;
	struct life *spare;            /* linked by hh.next */
	ARRAY(struct pending) pending; /* in the order in which they began to wait */
	size_t first;                  /* of those not looked at yet */
	size_t for_more;               /* lives that wait so */
	uint64_t strangers;            /* minisockets that ended and never began */
	const bpf_reason *reasons;
	uint64_t jiffy_ns;
	void (*each)(void *arg, const struct event *e);
	void *arg;
};

struct bpf_merge *bpf_merge_new(const bpf_reason reasons[BPF_REASONS], unsigned hz,
        void (*each)(void *arg, const struct event *e), void *arg)
{
	struct bpf_merge *m = must(calloc(1, sizeof *m));

	m->reasons = reasons;
	m->jiffy_ns = NS_PER_S / (hz ? hz : 250);
	m->each = each;
	m->arg = arg;
	return m;
}

static void forget(struct bpf_merge *m, struct life *l)
{
	HASH_DEL(m->lives, l);
	l->hh.next = m->spare;
	m->spare = l;
}

void bpf_merge_free(struct bpf_merge *m)
{
	struct life *l, *next;

	if (!m)
		return;
	HASH_ITER (hh, m->lives, l, next)
		forget(m, l);
	for (l = m->spare; l; l = next) {
		next = l->hh.next;
		free(l);
	}
	array_free(&m->pending);
	free(m);
}

/* ---- events ---- */

static void endpoint_of(struct endpoint *ret, const uint8_t *addr, uint8_t family, uint16_t port)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memset(ret, 0, sizeof *ret);
	ret->port = port;
	ret->family = family;
	if (family == AF_INET6 && !memcmp(addr, mapped, sizeof mapped)) {
		ret->family = AF_INET;
		memcpy(ret->addr, addr + sizeof mapped, 4);
	} else {
		memcpy(ret->addr, addr, family == AF_INET6 ? 16 : 4);
	}
}

/* All of it but the details, which begin as zeroes. */
static void event_begin(struct event *e, const struct raw_event *raw, enum event_kind kind)
{
	memset(e, 0, sizeof *e);
	e->t_ns = raw->t_ns;
	e->kind = kind;
	e->source = SRC_BPF;
	e->host = raw->host;
	e->cookie = raw->cookie;
	endpoint_of(&e->tuple.local, raw->local, raw->family, raw->local_port);
	endpoint_of(&e->tuple.remote, raw->remote, raw->family, raw->remote_port);
}

static void tell_state(
        struct bpf_merge *m, const struct raw_event *raw, enum tcp_state from, enum tcp_state to)
{
	struct event e;

	event_begin(&e, raw, EV_STATE);
	e.state.from = from;
	e.state.to = to;
	e.state.since_ns = raw->t_ns;
	e.state.pid = raw->pid;
	e.state.tid = raw->tid;
	if (raw->pid)
		memcpy(e.state.command, raw->command, sizeof e.state.command - 1);
	m->each(m->arg, &e);
}

static void deed_begin(
        struct event *e, const struct raw_event *raw, enum kernel_deed deed, enum tcp_state state)
{
	event_begin(e, raw, EV_KERNEL);
	e->kernel.deed = deed;
	e->kernel.state = state;
	e->kernel.flags = raw->flags;
	e->kernel.pid = raw->pid;
	e->kernel.tid = raw->tid;
}

static void tell_deed(struct bpf_merge *m, const struct raw_event *raw, enum kernel_deed deed,
        enum tcp_state state)
{
	struct event e;

	deed_begin(&e, raw, deed, state);
	m->each(m->arg, &e);
}

static uint64_t timer_ns(const struct bpf_merge *m, const struct raw_event *raw)
{
	int32_t jiffies = (int32_t)raw->value;

	return jiffies > 0 ? (uint64_t)jiffies * m->jiffy_ns : 0;
}

static void tell_timer(struct bpf_merge *m, const struct raw_event *raw, enum kernel_deed deed,
        enum tcp_state state)
{
	struct event e;

	deed_begin(&e, raw, deed, state);
	e.kernel.timer_ns = timer_ns(m, raw);
	m->each(m->arg, &e);
}

/* ---- lives ---- */

/* Minisockets from before anybody watched may have no cookie: then the four-tuple has to do. */
static uint64_t tuple_key(const struct raw_event *raw)
{
	const uint8_t *from = (const uint8_t *)&raw->local;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof raw->local + sizeof raw->remote; i++)
		h = (h ^ from[i]) * 0x100000001b3u;
	h = (h ^ raw->local_port) * 0x100000001b3u;
	h = (h ^ raw->remote_port) * 0x100000001b3u;
	return h | 1ull << 63;
}

static struct life *life_find(struct bpf_merge *m, const struct raw_event *raw)
{
	uint64_t key = raw->cookie ? raw->cookie : tuple_key(raw);
	struct life *l;

	HASH_FIND(hh, m->lives, &key, sizeof key, l);
	return l;
}

static struct life *life_new(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = m->spare;

	if (l)
		m->spare = l->hh.next;
	else
		l = must(malloc(sizeof *l));
	memset(l, 0, sizeof *l);
	l->key = raw->cookie ? raw->cookie : tuple_key(raw);
	HASH_ADD(hh, m->lives, key, sizeof l->key, l);
	return l;
}

static void hold(
        struct bpf_merge *m, struct life *l, enum waiting what, const struct raw_event *raw)
{
	struct pending p = {l->key, raw->t_ns};

	l->waiting = what;
	l->held = *raw;
	m->for_more += what == FOR_MORE;
	array_push(&m->pending, p);
}

static enum waiting wait_no_more(struct bpf_merge *m, struct life *l)
{
	enum waiting was = l->waiting;

	m->for_more -= was == FOR_MORE;
	l->waiting = FOR_NOTHING;
	return was;
}

static int same_tuple(const struct raw_event *a, const struct raw_event *b)
{
	size_t n = a->family == AF_INET6 ? 16 : 4;

	return a->host == b->host && a->family == b->family && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && !memcmp(a->local, b->local, n) &&
	       !memcmp(a->remote, b->remote, n);
}

/* A minisocket is gone: how, and with it the end of its state. */
static void minisocket_ends(
        struct bpf_merge *m, struct life *l, const struct raw_event *raw, enum kernel_deed deed)
{
	wait_no_more(m, l);
	tell_deed(m, raw, deed, l->state);
	tell_state(m, raw, l->state, ST_CLOSE);
	forget(m, l);
}

/*
 * A connection begins: did it take the four-tuple of a minisocket? That was taken away a moment
 * ago, so it is among the last that wait.
 */
static void find_reused(struct bpf_merge *m, const struct raw_event *raw)
{
	size_t stop = m->pending.n > m->first + RECENT ? m->pending.n - RECENT : m->first;

	for (size_t i = m->pending.n; m->for_more && i > stop; i--) {
		struct life *l;

		HASH_FIND(hh, m->lives, &m->pending.v[i - 1].key, sizeof(uint64_t), l);
		if (!l || l->waiting != FOR_MORE || !same_tuple(&l->held, raw))
			continue;
		minisocket_ends(m, l, &l->held, KERNEL_REUSE);
		return;
	}
}

/* What waited has its answer, or will get none. */
static void resolve(struct bpf_merge *m, struct life *l)
{
	enum waiting was = wait_no_more(m, l);
	struct raw_event raw = l->held;

	switch (was) {
	case FOR_NOTHING:
		return;
	case FOR_PORT:
		tell_state(m, &raw, ST_NONE, ST_SYN_SENT);
		if (!l->minisocket)
			forget(m, l);
		return;
	case FOR_CLOSE: /* its record was lost: only FIN_WAIT_2 is at all likely */
		if (l->state != ST_FIN_WAIT_2)
			tell_state(m, &raw, ST_FIN_WAIT_2, l->state);
		tell_timer(m, &raw, KERNEL_MINISOCKET, l->state);
		return;
	case FOR_MORE:
		minisocket_ends(m, l, &raw, KERNEL_KILL);
		return;
	}
}

void bpf_merge_settle(struct bpf_merge *m, uint64_t now_ns)
{
	while (m->first < m->pending.n) {
		struct pending p = m->pending.v[m->first];
		struct life *l;

		if (p.t_ns + WAIT_NS > now_ns)
			break;
		m->first++;
		HASH_FIND(hh, m->lives, &p.key, sizeof p.key, l);
		if (l && l->waiting != FOR_NOTHING && l->held.t_ns == p.t_ns)
			resolve(m, l);
	}
	if (m->first < m->pending.n / 2)
		return;
	m->pending.n -= m->first;
	if (m->pending.n)
		memmove(m->pending.v, m->pending.v + m->first, m->pending.n * sizeof *m->pending.v);
	m->first = 0;
}

uint64_t bpf_merge_strangers(const struct bpf_merge *m)
{
	return m->strangers;
}

int bpf_merge_waits(const struct bpf_merge *m)
{
	return m->first < m->pending.n;
}

/* ---- records ---- */

/* The full socket closes, and a minisocket has its place: now its predecessor is known. */
static void on_replaced(struct bpf_merge *m, struct life *l, const struct raw_event *raw)
{
	l->closes = 0;
	if (l->waiting != FOR_CLOSE)
		return;
	wait_no_more(m, l);
	if (l->state != raw->from)
		tell_state(m, &l->held, raw->from, l->state);
	tell_timer(m, &l->held, KERNEL_MINISOCKET, l->state);
}

/* Only at the beginning and after FIN_WAIT_2 or CLOSING can there be anything to put together. */
static int may_have_life(const struct raw_event *raw)
{
	return raw->from == ST_CLOSE || raw->from == ST_SYN_SENT ||
	       (raw->to == ST_CLOSE && (raw->from == ST_FIN_WAIT_1 || raw->from == ST_FIN_WAIT_2 ||
	                                       raw->from == ST_CLOSING));
}

static void on_state(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = may_have_life(raw) ? life_find(m, raw) : NULL;

	if (l && l->waiting == FOR_PORT) { /* it is known now, if there ever was one */
		l->held.local_port = raw->local_port;
		resolve(m, l);
		l = life_find(m, raw);
	}
	if (!l && raw->from == ST_CLOSE && raw->to == ST_SYN_SENT)
		hold(m, life_new(m, raw), FOR_PORT, raw);
	else if (raw->from == ST_CLOSE)
		tell_state(m, raw, ST_NONE, raw->to);
	else if (l && l->closes && raw->to == ST_CLOSE)
		on_replaced(m, l, raw);
	else
		tell_state(m, raw, raw->from, raw->to);
}

static void on_port(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = life_find(m, raw);

	find_reused(m, raw);
	if (!l || l->waiting != FOR_PORT)
		return;
	l->held.local_port = raw->local_port;
	memcpy(l->held.local, raw->local, sizeof raw->local);
	resolve(m, l);
}

static struct life *minisocket_known(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = life_find(m, raw);

	if (!l)
		l = life_new(m, raw);
	if (l->minisocket)
		return l;
	l->minisocket = 1;
	l->state = raw->to;
	l->end_ns = raw->t_ns + timer_ns(m, raw);
	return l;
}

/* FIN_WAIT_2 becomes TIME_WAIT, and a timer that now ends later was set again. */
static void minisocket_moves(struct bpf_merge *m, struct life *l, const struct raw_event *raw)
{
	uint64_t end = raw->t_ns + timer_ns(m, raw);

	if (l->waiting == FOR_CLOSE)
		resolve(m, l);
	if (raw->to != l->state) {
		tell_state(m, raw, l->state, raw->to);
		l->state = raw->to;
	}
	if (end > l->end_ns + 3 * m->jiffy_ns)
		tell_timer(m, raw, KERNEL_REARM, l->state);
	l->end_ns = end;
}

static void on_start(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = life_find(m, raw);

	if (!l || !l->minisocket) {
		l = minisocket_known(m, raw);
		l->closes = 1;
		hold(m, l, FOR_CLOSE, raw);
		return;
	}
	if (l->waiting == FOR_MORE)
		wait_no_more(m, l); /* it was only moved */
	minisocket_moves(m, l, raw);
}

/* From before anybody watched; where somebody did all the time, a sign that records are missing. */
static void note_stranger(struct bpf_merge *m, const struct raw_event *raw)
{
	const struct life *l = life_find(m, raw);

	m->strangers += !l || !l->minisocket;
}

static void on_cancel(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l;

	note_stranger(m, raw);
	l = minisocket_known(m, raw);
	if (l->waiting == FOR_CLOSE)
		resolve(m, l);
	hold(m, l, FOR_MORE, raw);
}

static void on_expire(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l;

	note_stranger(m, raw);
	l = minisocket_known(m, raw);
	if (l->waiting == FOR_CLOSE)
		resolve(m, l);
	minisocket_ends(m, l, raw, KERNEL_EXPIRE);
}

static void on_segment(struct bpf_merge *m, const struct raw_event *raw)
{
	struct life *l = life_find(m, raw);

	if (!l)
		return;
	if (l->waiting == FOR_MORE) {
		l->held.flags = raw->flags;
		l->held.pid = l->held.tid = 0;
		minisocket_ends(m, l, &l->held, KERNEL_KILL);
		return;
	}
	minisocket_moves(m, l, raw);
}

static void on_retransmit(struct bpf_merge *m, const struct raw_event *raw)
{
	struct event e;

	deed_begin(&e, raw, KERNEL_RETRANSMIT, raw->to);
	e.kernel.seq = raw->value;
	e.kernel.length = raw->length;
	e.kernel.probe = raw->extra;
	m->each(m->arg, &e);
}

static void on_reset_sent(struct bpf_merge *m, const struct raw_event *raw)
{
	struct event e;

	deed_begin(&e, raw, KERNEL_RESET_SENT, raw->to);
	if (raw->value < BPF_REASONS)
		memcpy(e.kernel.reason, m->reasons[raw->value], sizeof e.kernel.reason);
	m->each(m->arg, &e);
}

void bpf_merge_record(struct bpf_merge *m, const struct raw_event *raw)
{
	switch ((enum raw_kind)raw->kind) {
	case RAW_STATE:
		on_state(m, raw);
		break;
	case RAW_PORT:
		on_port(m, raw);
		break;
	case RAW_REUSE:
		find_reused(m, raw);
		break;
	case RAW_TW_START:
		on_start(m, raw);
		break;
	case RAW_TW_CANCEL:
		on_cancel(m, raw);
		break;
	case RAW_TW_EXPIRE:
		on_expire(m, raw);
		break;
	case RAW_TW_SEGMENT:
		on_segment(m, raw);
		break;
	case RAW_RETRANSMIT:
		on_retransmit(m, raw);
		break;
	case RAW_RESET_SENT:
		on_reset_sent(m, raw);
		break;
	case RAW_RESET_RECEIVED:
		tell_deed(m, raw, KERNEL_RESET_RECEIVED, raw->to);
		break;
	case RAW_DESTROY:
		tell_deed(m, raw, KERNEL_DESTROY, raw->to);
		break;
	case RAW_OVERFLOW:
		tell_deed(m, raw, KERNEL_OVERFLOW, raw->to);
		break;
	}
}
