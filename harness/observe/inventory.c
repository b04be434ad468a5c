/* SPDX-License-Identifier: BSD-2-Clause */
/* Joins the kernel's list of sockets with the processes' descriptors. */
#include "inventory_inner.h"

#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const char *const holder_words[HOLDER_COUNT] = {
#define HOLDER_WORD(id, word, help) word,
        HOLDERS(HOLDER_WORD)
#undef HOLDER_WORD
};

const char *const holder_helps[HOLDER_COUNT] = {
#define HOLDER_HELP(id, word, help) help,
        HOLDERS(HOLDER_HELP)
#undef HOLDER_HELP
};

#define MASK(state) (1u << (state))

/* States in which a socket may wait to be accepted: their listener is looked up too. */
#define ACCEPTABLE (MASK(ST_ESTABLISHED) | MASK(ST_CLOSE_WAIT) | MASK(ST_SYN_RECV))

/* The kernel's TCP_TIMEWAIT_LEN: no sysctl changes it. */
#define TIMEWAIT_MS 60000u

struct taking {
	const struct inventory_query *q;
	struct inventory *inv;
};

int inventory_asked_for(const struct inventory_query *q, const struct sock_row *row)
{
	if (!(q->states & MASK(row->state)))
		return 0;
	return !q->port || row->tuple.local.port == q->port || row->tuple.remote.port == q->port;
}

/*
 * The segment that began these states carried an ACK, so the last segment with an ACK is that one
 * or a later one. Of the other states nothing is known.
 */
static int age_from_ack(enum tcp_state s)
{
	return s == ST_CLOSE_WAIT || s == ST_FIN_WAIT_2 || s == ST_CLOSING;
}

void inventory_set_age(struct inventory_socket *s, const struct tcp_info *info)
{
	if (s->row.state == ST_TIME_WAIT && s->row.minisocket) {
		if (s->row.expires_ms > TIMEWAIT_MS)
			return; /* a kernel with another length */
		/* At 0 the timer is late, by up to a bucket of the wheel that nobody tells. */
		s->age_kind = s->row.expires_ms ? AGE_EXACT : AGE_AT_LEAST;
		s->age_ms = TIMEWAIT_MS - s->row.expires_ms;
	} else if (info && age_from_ack(s->row.state)) {
		s->age_kind = AGE_AT_LEAST;
		s->age_ms = info->tcpi_last_ack_recv;
	}
}

#define HUGE_PAGE (2u << 20)

/*
 * A hundred thousand sockets are 13 MB, and to touch so much new memory page by page takes longer
 * than to ask the kernel for the sockets. So a large array gets huge pages, where they can be had;
 * and its first step is a great one, for memory costs nothing where it isn't touched, and copying
 * does.
 */
static void grow(struct inventory *inv)
{
	size_t cap =
	        inv->sockets.cap ? (inv->sockets.cap < 1u << 16 ? 16 : 4) * inv->sockets.cap : 1024;
	size_t size = cap * sizeof *inv->sockets.v;
	struct inventory_socket *v;

	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	v = must(aligned_alloc(HUGE_PAGE, size));
	madvise(v, size, MADV_HUGEPAGE); /* a wish: nothing depends on it */
	if (inv->sockets.n)
		memcpy(v, inv->sockets.v, inv->sockets.n * sizeof *v);
	free(inv->sockets.v);
	inv->sockets.v = v;
	inv->sockets.cap = size / sizeof *v;
}

static void take(void *arg, const struct sock_row *row, const struct tcp_info *info)
{
	struct taking *t = arg;
	struct inventory_socket s = {.row = *row, .shown = inventory_asked_for(t->q, row)};

	if (!s.shown && row->state != ST_LISTEN)
		return;
	inventory_set_age(&s, info);
	if (t->inv->sockets.n == t->inv->sockets.cap)
		grow(t->inv);
	if (row->minisocket)
		s.holder = HELD_BY_MINISOCKET;
	else
		array_push(&t->inv->full, (uint32_t)t->inv->sockets.n);
	array_push(&t->inv->sockets, s);
}

static void take_row(void *arg, const struct sock_row *row)
{
	take(arg, row, NULL);
}

/* tcp_info costs the kernel time: only where an age is made of it. */
static int dump(struct sock_diag *d, struct taking *t, struct err *err)
{
	unsigned states = t->q->states;
	unsigned aged = MASK(ST_CLOSE_WAIT) | MASK(ST_FIN_WAIT_2) | MASK(ST_CLOSING);

	if (states & ACCEPTABLE)
		states |= MASK(ST_LISTEN);
	if (states & aged)
		return sock_diag_dump_info(d, states, take, t, err);
	return sock_diag_dump(d, states, take_row, t, err);
}

static enum holder holder_without_inode(const struct sock_row *row)
{
	if (row->minisocket)
		return HELD_BY_MINISOCKET;
	switch (row->state) {
	case ST_SYN_RECV:
	case ST_NEW_SYN_RECV:
		return HELD_BY_HANDSHAKE;
	case ST_ESTABLISHED: /* its close() would have left this state */
	case ST_CLOSE_WAIT:
		return HELD_BY_UNACCEPTED;
	case ST_LISTEN: /* a program's listener ends when it is closed */
		return HELD_BY_UNHELD;
	case ST_NONE:
	case ST_SYN_SENT:
	case ST_FIN_WAIT_1:
	case ST_FIN_WAIT_2:
	case ST_TIME_WAIT:
	case ST_CLOSE:
	case ST_LAST_ACK:
	case ST_CLOSING:
	case ST_BOUND_INACTIVE:
	case ST_COUNT:
		break;
	}
	return HELD_BY_ORPHAN;
}

static void classify(struct inventory_socket *s, const struct owner_table *owners)
{
	size_t n = 0;

	s->owners = s->row.inode ? owner_table_find(owners, s->row.inode, &n) : NULL;
	s->n_owners = (uint32_t)n;
	if (!s->row.inode)
		s->holder = holder_without_inode(&s->row);
	else
		s->holder = n ? HELD_BY_PROGRAM : HELD_BY_UNHELD;
}

size_t inventory_classify(struct inventory *inv)
{
	size_t unheld = 0;

	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		classify(s, inv->owners);
		unheld += s->holder == HELD_BY_UNHELD;
	}
	return unheld;
}

ssize_t inventory_find_holders(
        struct inventory *inv, struct descriptors_search *search, struct err *err)
{
	ARRAY(uint32_t) inodes = {0};

	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		if (s->row.inode)
			array_push(&inodes, s->row.inode);
	}
	owner_table_free(inv->owners);
	inv->owners = owner_table_new(search, inodes.v, inodes.n, err);
	array_free(&inodes);
	return inv->owners ? (ssize_t)inventory_classify(inv) : -1;
}

/* Where some processes cannot be looked into, not to find an owner means nothing. */
static void admit_ignorance(struct inventory *inv)
{
	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		if (s->holder == HELD_BY_UNHELD)
			s->holder = HELD_BY_UNSEEN;
	}
}

/* The sockets, and beside that the descriptors. How many sockets seem to have no holder; -1. */
static ssize_t read_both(struct sock_diag *d, const struct inventory_query *q,
        struct inventory *ret, struct err *err)
{
	struct taking t = {q, ret};
	struct descriptors_search *search =
	        descriptors_begin(q->unconnected ? DESCRIPTORS_UNCONNECTED : DESCRIPTORS_QUICK);

	if (dump(d, &t, err) < 0) {
		descriptors_drop(search);
		return -1;
	}
	return inventory_find_holders(ret, search, err);
}

/* What was opened while the descriptors were read may be found now; the rest nobody knows. */
static int look_at_what_is_visible(struct inventory *inv, struct err *err)
{
	if (inventory_find_holders(inv, descriptors_begin(DESCRIPTORS_WALK), err) < 0)
		return -1;
	admit_ignorance(inv);
	return 0;
}

int inventory_take(const struct inventory_query *q, struct inventory *ret, struct err *err)
{
	struct sock_diag *d = sock_diag_open(err);
	ssize_t unheld;
	int bad;

	*ret = (struct inventory){.query = *q, .all_visible = owners_all_visible()};
	if (!d)
		return -1;
	unheld = read_both(d, q, ret, err);
	bad = unheld < 0;
	if (unheld > 0)
		bad = ret->all_visible ? inventory_look_again(d, q, ret, err)
		                       : look_at_what_is_visible(ret, err);
	sock_diag_close(d);
	if (bad) {
		inventory_free(ret);
		return -1;
	}
	inventory_find_listeners(ret);
	return 0;
}

void inventory_free(struct inventory *inv)
{
	array_free(&inv->sockets);
	array_free(&inv->full);
	array_free(&inv->listeners);
	owner_table_free(inv->owners);
	inv->owners = NULL;
}
