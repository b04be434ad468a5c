/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second look at sockets that nobody seems to hold. The first list of sockets, all searches for
 * a holder, then the same sockets again: what is there both times was there during the searches, so
 * when they did not find it, nobody held it.
 */
#include "inventory_inner.h"

#include "owner_bpf.h"

#include <stdlib.h>

/* So many sockets are asked for one by one before a walk of the kernel through all is quicker. */
#define FEW 500

/* What has become of the sockets that nobody seems to hold. */
struct doubt {
	uint64_t cookie;
	struct sock_row was;
	uint32_t index; /* into the sockets */
};

struct second {
	const struct inventory_query *q;
	struct inventory *inv;
	ARRAY(struct doubt) doubts; /* by cookie */
};

static int by_cookie(const void *va, const void *vb)
{
	const struct doubt *a = va, *b = vb;

	return (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

/* Until they are seen again they are gone. */
static void doubt_the_unheld(struct second *again)
{
	array_each (uint32_t, i, &again->inv->full) {
		struct inventory_socket *s = &again->inv->sockets.v[*i];
		struct doubt doubt = {s->row.cookie, s->row, *i};

		if (s->holder != HELD_BY_UNHELD)
			continue;
		s->row.inode = 0;
		s->row.state = ST_NONE;
		s->shown = 0;
		array_push(&again->doubts, doubt);
	}
	if (again->doubts.n)
		qsort(again->doubts.v, again->doubts.n, sizeof *again->doubts.v, by_cookie);
}

static void seen_again(void *arg, const struct sock_row *row)
{
	struct second *again = arg;
	const struct doubt key = {.cookie = row->cookie};
	const struct doubt *d =
	        bsearch(&key, again->doubts.v, again->doubts.n, sizeof *again->doubts.v, by_cookie);
	struct inventory_socket *s;

	if (!d)
		return;
	s = &again->inv->sockets.v[d->index];
	s->row = *row;
	s->shown = inventory_asked_for(again->q, row);
	if (row->state != d->was.state || row->minisocket) {
		s->age_kind = AGE_UNKNOWN;
		inventory_set_age(s, NULL);
	}
}

static int ask_for_each(struct sock_diag *d, struct second *again, struct err *err)
{
	array_each (struct doubt, doubt, &again->doubts) {
		struct sock_row row;
		int found;

		if (doubt->was.state == ST_LISTEN)
			continue;
		found = sock_diag_find_again(d, &doubt->was, &row, err);
		if (found < 0)
			return -1;
		if (found)
			seen_again(again, &row);
	}
	return 0;
}

static size_t connections(const struct second *again)
{
	size_t n = 0;

	array_each (struct doubt, d, &again->doubts)
		n += d->was.state != ST_LISTEN;
	return n;
}

/*
 * A connection is found by its tuple, in whatever state it is now. Listeners may share theirs, and
 * sockets without a peer have none: these are listed. Where all are, it is in every state, since
 * they may have changed theirs.
 */
static int ask_again(struct sock_diag *d, struct second *again, struct err *err)
{
	size_t n = connections(again), bound = 0;

	array_each (struct doubt, doubt, &again->doubts)
		bound += doubt->was.state == ST_BOUND_INACTIVE;
	if (bound || n > FEW)
		return sock_diag_dump(d, again->q->states | SOCK_DIAG_ALL, seen_again, again, err);
	if (n < again->doubts.n && sock_diag_dump(d, 1u << ST_LISTEN, seen_again, again, err) < 0)
		return -1;
	return ask_for_each(d, again, err);
}

struct without_file {
	ARRAY(struct raw_kernel_socket) list; /* by cookie */
};

static void take_socket(void *arg, const struct raw_kernel_socket *raw)
{
	struct without_file *w = arg;

	array_push(&w->list, *raw);
}

static int by_raw_cookie(const void *va, const void *vb)
{
	const struct raw_kernel_socket *a = va, *b = vb;

	return (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

static enum raw_lack lack_of(const struct without_file *w, uint64_t cookie)
{
	const struct raw_kernel_socket key = {.cookie = cookie}, *found = NULL;

	if (w->list.n)
		found = bsearch(&key, w->list.v, w->list.n, sizeof *w->list.v, by_raw_cookie);
	return found ? (enum raw_lack)found->lack : RAW_LACKS_NOTHING;
}

/* Which sockets have no file. 0, or -1 when BPF cannot tell. */
static int sockets_without_file(const struct second *again, struct without_file *ret)
{
	size_t n = connections(again);
	int one_by_one = n <= FEW;

	if ((n < again->doubts.n || !one_by_one) &&
	        owner_bpf_kernel_sockets(one_by_one, take_socket, ret) < 0)
		return -1;
	array_each (struct doubt, d, &again->doubts) {
		int lack = one_by_one && d->was.state != ST_LISTEN ? owner_bpf_lack(&d->was)
		                                                   : RAW_LACKS_NOTHING;

		if (lack < 0)
			return -1;
		if (lack)
			array_push(&ret->list,
			        ((struct raw_kernel_socket){d->cookie, (uint64_t)lack}));
	}
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof *ret->list.v, by_raw_cookie);
	return 0;
}

/*
 * A socket that nobody holds has a file or not: without one, the kernel made it for itself. The
 * subflows of MPTCP lose their program's part with it and keep its number.
 */
static enum holder holder_that_lacks(enum raw_lack lack)
{
	switch (lack) {
	case RAW_LACKS_FILE:
		return HELD_BY_KERNEL;
	case RAW_LACKS_SOCKET:
		return HELD_BY_ORPHAN;
	case RAW_LACKS_NOTHING:
		break;
	}
	return HELD_BY_HIDDEN;
}

static void tell_kernel_from_hidden(struct inventory *inv, const struct without_file *w)
{
	array_each (uint32_t, i, &inv->full) {
		struct inventory_socket *s = &inv->sockets.v[*i];

		if (s->holder == HELD_BY_UNHELD)
			s->holder = holder_that_lacks(lack_of(w, s->row.cookie));
	}
}

int inventory_look_again(struct sock_diag *d, const struct inventory_query *q,
        struct inventory *inv, struct err *err)
{
	struct second again = {.q = q, .inv = inv};
	struct without_file without_file = {0};
	int can_tell, bad;
	ssize_t unheld = inventory_find_holders(inv, descriptors_begin(DESCRIPTORS_SURE), err);

	if (unheld <= 0)
		return (int)unheld;
	doubt_the_unheld(&again);
	can_tell = !sockets_without_file(&again, &without_file);
	bad = ask_again(d, &again, err) < 0;
	if (!bad && inventory_classify(inv) && can_tell)
		tell_kernel_from_hidden(inv, &without_file);
	array_free(&without_file.list);
	array_free(&again.doubts);
	return bad ? -1 : 0;
}
