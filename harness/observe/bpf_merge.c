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

#include <stddef.h>
#include <string.h>

/* Cookies are counted up and hashes of four-tuples are mixed: folding them is enough. */
#define HASH_FUNCTION(key, size, ret)                                                              \
	do {                                                                                       \
		uint64_t k_ = *(const uint64_t *)(key)*0x9e3779b97f4a7c15u;                        \
		(ret) = (unsigned)(k_ >> 32);                                                      \
	} while (0)
#include <uthash.h>

/* With many TIME_WAITs every step along a chain is a miss of the cache: keep chains short. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 2U

#define RECENT 512
#define WAIT_NS                                                                                    \
	(5 * NS_PER_MS) /* more than lies between two records of one call chain, preempted */

enum waiting {
	FOR_NOTHING,
	FOR_PORT,
	FOR_CLOSE,
	FOR_MORE,
	FOR_LATE_CLOSE, /* the minisocket has ended before the CLOSE of its full socket came */
};

struct life {
	uint64_t key;
	enum waiting waiting;
	int minisocket;         /* it has one */
	int closes;             /* the CLOSE of its full socket is still to come, and not the end */
	enum tcp_state state;   /* of the minisocket */
	uint64_t end_ns;        /* when its timer comes to its end, by its length */
	struct bpf_record held; /* what waits */
	UT_hash_handle hh;
};

/* Memory of lives is used again and never given back: what is here may be another life by now. */
struct pending {
	struct life *life;
	uint64_t t_ns; /* of what it held */
};

struct bpf_merge {
	struct life *lives;
	struct life *spare;            /* linked by hh.next */
	ARRAY(struct pending) pending; /* in the order in which they began to wait */
	size_t first;                  /* of those not looked at yet */
	size_t for_more;               /* lives that wait so */
	uint64_t strangers;            /* minisockets that ended and never began */
	int brief;                     /* see bpf_merge_brief() */
	struct bpf_teller tell;
};

struct bpf_merge *bpf_merge_new(const bpf_reason reasons[BPF_REASONS], unsigned hz,
        void (*each)(void *arg, const struct event *e), void *arg)
{
	struct bpf_merge *m = must(calloc(1, sizeof *m));

	m->tell = (struct bpf_teller){reasons, NS_PER_S / (hz ? hz : 250), each, arg};
	return m;
}

void bpf_merge_brief(struct bpf_merge *m)
{
	m->brief = 1;
}

static void forget(struct bpf_merge *m, struct life *l)
{
	HASH_DEL(m->lives, l);
	l->waiting = FOR_NOTHING;
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

/* ---- lives ---- */

/* Minisockets from before anybody watched may have no cookie: then the four-tuple has to do. */
static uint64_t tuple_key(const struct bpf_record *raw)
{
	const uint8_t *from = (const uint8_t *)&raw->local;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof raw->local + sizeof raw->remote; i++)
		h = (h ^ from[i]) * 0x100000001b3u;
	h = (h ^ raw->local_port) * 0x100000001b3u;
	h = (h ^ raw->remote_port) * 0x100000001b3u;
	return h | 1ull << 63;
}

static struct life *life_find(struct bpf_merge *m, const struct bpf_record *raw)
{
	uint64_t key = raw->cookie ? raw->cookie : tuple_key(raw);
	struct life *l;

	HASH_FIND(hh, m->lives, &key, sizeof key, l);
	return l;
}

static struct life *life_new(struct bpf_merge *m, const struct bpf_record *raw)
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
        struct bpf_merge *m, struct life *l, enum waiting what, const struct bpf_record *raw)
{
	struct pending p = {l, raw->t_ns};

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

static int same_tuple(const struct bpf_record *a, const struct bpf_record *b)
{
	size_t n = a->family == AF_INET6 ? 16 : 4;

	return a->host == b->host && a->family == b->family && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && !memcmp(a->local, b->local, n) &&
	       !memcmp(a->remote, b->remote, n);
}

/* A minisocket is gone: how, and with it the end of its state. */
static void minisocket_ends(
        struct bpf_merge *m, struct life *l, const struct bpf_record *raw, enum kernel_deed deed)
{
	wait_no_more(m, l);
	bpf_tell_deed(&m->tell, raw, deed, l->state);
	bpf_tell_state(&m->tell, raw, l->state, ST_CLOSE);
	if (l->closes)
		hold(m, l, FOR_LATE_CLOSE, raw);
	else
		forget(m, l);
}

/* It took the place of a full socket in state `from`. */
static void minisocket_begins(struct bpf_merge *m, struct life *l, enum tcp_state from)
{
	if (l->state != from)
		bpf_tell_state(&m->tell, &l->held, from, l->state);
	bpf_tell_timer(&m->tell, &l->held, KERNEL_MINISOCKET, l->state);
}

/* NULL: it has its answer. */
static struct life *still_waiting(const struct pending *p)
{
	struct life *l = p->life;

	return l->waiting != FOR_NOTHING && l->held.t_ns == p->t_ns ? l : NULL;
}

/*
 * A connection begins: did it take the four-tuple of a minisocket? That was taken away a moment
 * ago, so it is among the last that wait.
 */
static void find_reused(struct bpf_merge *m, const struct bpf_record *raw)
{
	size_t stop = m->pending.n > m->first + RECENT ? m->pending.n - RECENT : m->first;

	for (size_t i = m->pending.n; m->for_more && i > stop; i--) {
		struct life *l = still_waiting(&m->pending.v[i - 1]);

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
	struct bpf_record raw = l->held;

	switch (was) {
	case FOR_NOTHING:
		return;
	case FOR_PORT:
		bpf_tell_state(&m->tell, &raw, ST_NONE, ST_SYN_SENT);
		if (!l->minisocket)
			forget(m, l);
		return;
	case FOR_CLOSE: /* its record was lost: only FIN_WAIT_2 is at all likely */
		minisocket_begins(m, l, ST_FIN_WAIT_2);
		return;
	case FOR_MORE:
		minisocket_ends(m, l, &raw, KERNEL_KILL);
		return;
	case FOR_LATE_CLOSE:
		forget(m, l);
		return;
	}
}

/* Nothing more is to come of it. */
static void give_up(struct bpf_merge *m, struct life *l)
{
	int begins = l->waiting == FOR_CLOSE;

	resolve(m, l);
	if (begins && m->brief)
		forget(m, l);
}

void bpf_merge_settle(struct bpf_merge *m, uint64_t now_ns)
{
	while (m->first < m->pending.n) {
		struct pending p = m->pending.v[m->first];
		struct life *l = still_waiting(&p);

		if (p.t_ns + WAIT_NS > now_ns)
			break;
		m->first++;
		if (l)
			give_up(m, l);
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
static void on_replaced(struct bpf_merge *m, struct life *l, const struct bpf_record *raw)
{
	enum waiting was = l->waiting;

	l->closes = 0;
	if (was == FOR_CLOSE) {
		wait_no_more(m, l);
		minisocket_begins(m, l, (enum tcp_state)raw->from);
	}
	if (was == FOR_LATE_CLOSE || (m->brief && l->waiting == FOR_NOTHING))
		forget(m, l);
}

/* Only at the beginning and after FIN_WAIT_2 or CLOSING can there be anything to put together. */
static int may_have_life(const struct bpf_merge *m, const struct bpf_record *raw)
{
	return (!m->brief && (raw->from == ST_CLOSE || raw->from == ST_SYN_SENT)) ||
	       (raw->to == ST_CLOSE && (raw->from == ST_FIN_WAIT_1 || raw->from == ST_FIN_WAIT_2 ||
	                                       raw->from == ST_CLOSING));
}

static void on_state(struct bpf_merge *m, const struct bpf_record *raw)
{
	struct life *l = may_have_life(m, raw) ? life_find(m, raw) : NULL;

	if (l && l->waiting == FOR_PORT) { /* it is known now, if there ever was one */
		l->held.local_port = raw->local_port;
		resolve(m, l);
		l = life_find(m, raw);
	}
	if (!l && raw->from == ST_CLOSE && raw->to == ST_SYN_SENT && !m->brief)
		hold(m, life_new(m, raw), FOR_PORT, raw);
	else if (raw->from == ST_CLOSE)
		bpf_tell_state(&m->tell, raw, ST_NONE, raw->to);
	else if (l && l->closes && raw->to == ST_CLOSE)
		on_replaced(m, l, raw);
	else
		bpf_tell_state(&m->tell, raw, raw->from, raw->to);
}

static void on_port(struct bpf_merge *m, const struct bpf_record *raw)
{
	struct life *l = life_find(m, raw);

	find_reused(m, raw);
	if (!l || l->waiting != FOR_PORT)
		return;
	l->held.local_port = raw->local_port;
	memcpy(l->held.local, raw->local, sizeof raw->local);
	resolve(m, l);
}

/* `l` is what life_find() says of it. */
static struct life *minisocket_known(
        struct bpf_merge *m, struct life *l, const struct bpf_record *raw)
{
	if (!l)
		l = life_new(m, raw);
	if (l->minisocket)
		return l;
	l->minisocket = 1;
	l->state = raw->to;
	l->end_ns = raw->t_ns + bpf_timer_ns(&m->tell, raw);
	return l;
}

/* FIN_WAIT_2 becomes TIME_WAIT, and a timer that now ends later was set again. */
static void minisocket_moves(struct bpf_merge *m, struct life *l, const struct bpf_record *raw)
{
	uint64_t end = raw->t_ns + bpf_timer_ns(&m->tell, raw);

	if (l->waiting == FOR_CLOSE)
		resolve(m, l);
	if (raw->to != l->state) {
		bpf_tell_state(&m->tell, raw, l->state, raw->to);
		l->state = raw->to;
	}
	if (end > l->end_ns + 3 * m->tell.jiffy_ns)
		bpf_tell_timer(&m->tell, raw, KERNEL_REARM, l->state);
	l->end_ns = end;
}

static void on_start(struct bpf_merge *m, const struct bpf_record *raw)
{
	struct life *l = life_find(m, raw);

	if (!l || !l->minisocket) {
		l = minisocket_known(m, l, raw);
		l->closes = 1;
		hold(m, l, FOR_CLOSE, raw);
		return;
	}
	if (l->waiting == FOR_MORE)
		wait_no_more(m, l); /* it was only moved */
	minisocket_moves(m, l, raw);
	if (m->brief && !l->closes) /* its CLOSE is still to be swallowed */
		forget(m, l);
}

/* One that ends. When it never began, that was before anybody watched; where somebody did all the
 * time, it is a sign that records are missing. */
static struct life *minisocket_ending(struct bpf_merge *m, const struct bpf_record *raw)
{
	struct life *l = life_find(m, raw);

	m->strangers += !m->brief && (!l || !l->minisocket);
	l = minisocket_known(m, l, raw);
	if (l->waiting == FOR_CLOSE)
		resolve(m, l);
	return l;
}

static void on_cancel(struct bpf_merge *m, const struct bpf_record *raw)
{
	hold(m, minisocket_ending(m, raw), FOR_MORE, raw);
}

static void on_expire(struct bpf_merge *m, const struct bpf_record *raw)
{
	minisocket_ends(m, minisocket_ending(m, raw), raw, KERNEL_EXPIRE);
}

static void on_segment(struct bpf_merge *m, const struct bpf_record *raw)
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

void bpf_merge_record(struct bpf_merge *m, const struct bpf_record *raw)
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
		bpf_tell_retransmit(&m->tell, raw);
		break;
	case RAW_RESET_SENT:
		bpf_tell_reset_sent(&m->tell, raw);
		break;
	case RAW_RESET_RECEIVED:
		bpf_tell_deed(&m->tell, raw, KERNEL_RESET_RECEIVED, raw->to);
		break;
	case RAW_DESTROY:
		bpf_tell_deed(&m->tell, raw, KERNEL_DESTROY, raw->to);
		break;
	case RAW_OVERFLOW:
		bpf_tell_deed(&m->tell, raw, KERNEL_OVERFLOW, raw->to);
		break;
	}
}
