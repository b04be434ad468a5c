/* SPDX-License-Identifier: BSD-2-Clause */
/* A router's table of connections, followed: see conntrack.h. */
#include "conntrack.h"

#include "core/clock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#define BUFFER  (1 << 16)
#define BACKLOG (8 << 20) /* bytes of changes that may wait to be read */

struct key {
	struct tuple original;
	uint32_t id, zero; /* an entry that follows another with its tuple has another id */
};

struct entry {
	struct key key;
	enum conntrack_state state;
	struct tuple reply;
	int assured;
	unsigned dump; /* the last dump that showed it */
	UT_hash_handle hh;
};

struct conntrack {
	struct mnl_socket *changes, *dumps;
	void (*event)(void *arg, struct event *e);
	void *arg;
	struct entry *entries;
	unsigned dump;
	int lost; /* changes were: until the next dump the table may be wrong */
	char buf[BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static void tell(
        struct conntrack *c, const struct entry *n, enum conntrack_state from, uint32_t timeout_s)
{
	struct event e = {
	        .t_ns = clock_now_ns(),
	        .kind = EV_CONNTRACK,
	        .source = SRC_CONNTRACK,
	        .host = HOST_ROUTER,
	        .cookie = n->key.id,
	        .tuple = n->key.original,
	};

	e.conntrack.from = from;
	e.conntrack.to = n->state;
	e.conntrack.reply = n->reply;
	e.conntrack.timeout_s = timeout_s;
	e.conntrack.assured = n->assured;
	c->event(c->arg, &e);
}

static void end(struct conntrack *c, struct entry *n)
{
	enum conntrack_state was = n->state;

	n->state = CT_NONE;
	if (was != CT_NONE)
		tell(c, n, was, 0);
	HASH_DEL(c->entries, n);
	free(n);
}

static struct entry *entry_of(struct conntrack *c, const struct conntrack_row *row)
{
	struct key key;
	struct entry *n;

	memset(&key, 0, sizeof key);
	key.original = row->original;
	key.id = row->id;
	HASH_FIND(hh, c->entries, &key, sizeof key, n);
	if (n || row->gone)
		return n;
	n = must(calloc(1, sizeof *n));
	n->key = key;
	HASH_ADD(hh, c->entries, key, sizeof n->key, n);
	return n;
}

static void take(struct conntrack *c, const struct conntrack_row *row, int is_dump)
{
	struct entry *n = entry_of(c, row);
	enum conntrack_state was = n ? n->state : CT_NONE;

	if (!n)
		return;
	if (row->gone) {
		end(c, n);
		return;
	}
	n->dump = c->dump;
	n->reply = row->reply;
	n->assured = row->assured;
	/* The changes that are still to be read are older than a row, unless some were lost. */
	if (!row->has_state || row->state == was || (is_dump && was != CT_NONE && !c->lost))
		return;
	n->state = row->state;
	tell(c, n, was, row->timeout_s);
}

static int on_change(const struct nlmsghdr *h, void *arg)
{
	struct conntrack_row row;

	if (h->nlmsg_type >> 8 == NFNL_SUBSYS_CTNETLINK && conntrack_parse(h, &row) == 1)
		take(arg, &row, 0);
	return MNL_CB_OK;
}

static int on_row(const struct nlmsghdr *h, void *arg)
{
	struct conntrack_row row;

	if (conntrack_parse(h, &row) == 1)
		take(arg, &row, 1);
	return MNL_CB_OK;
}

int conntrack_read(struct conntrack *c, struct err *err)
{
	ssize_t n;

	for (;;) {
		n = mnl_socket_recvfrom(c->changes, c->buf, sizeof c->buf);
		if (n < 0 && errno == ENOBUFS)
			c->lost = 1;
		else if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && mnl_cb_run(c->buf, (size_t)n, 0, 0, on_change, c) < 0)
			return err_sys(err, "changes of conntrack");
	}
	return errno == EAGAIN ? 0 : err_sys(err, "changes of conntrack");
}

static int ask(struct conntrack *c, unsigned *ret_port, struct err *err)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(c->buf);
	struct nfgenmsg *g;

	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++c->dump;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	*ret_port = mnl_socket_get_portid(c->dumps);
	if (mnl_socket_sendto(c->dumps, h, h->nlmsg_len) < 0)
		return err_sys(err, "dump of conntrack");
	return 0;
}

static void end_unseen(struct conntrack *c)
{
	struct entry *n, *next;

	HASH_ITER (hh, c->entries, n, next)
		if (n->dump != c->dump)
			end(c, n);
}

int conntrack_dump(struct conntrack *c, struct err *err)
{
	unsigned port;
	ssize_t n;
	int r = 1;

	if (conntrack_read(c, err) || ask(c, &port, err))
		return -1;
	while (r > 0) {
		n = mnl_socket_recvfrom(c->dumps, c->buf, sizeof c->buf);
		if (n < 0)
			return err_sys(err, "dump of conntrack");
		r = mnl_cb_run(c->buf, (size_t)n, c->dump, port, on_row, c);
		if (r < 0 && errno != EINTR) /* EINTR: the table changed meanwhile */
			return err_sys(err, "dump of conntrack");
		if (r < 0)
			r = 1;
	}
	if (c->lost)
		end_unseen(c);
	c->lost = 0;
	return conntrack_read(c, err);
}

int conntrack_fd(const struct conntrack *c)
{
	return mnl_socket_get_fd(c->changes);
}

struct conntrack *conntrack_open(
        void (*event)(void *arg, struct event *e), void *arg, struct err *err)
{
	const unsigned groups = NF_NETLINK_CONNTRACK_NEW | NF_NETLINK_CONNTRACK_UPDATE |
	                        NF_NETLINK_CONNTRACK_DESTROY;
	struct conntrack *c = must(calloc(1, sizeof *c));
	int room = BACKLOG;

	c->event = event;
	c->arg = arg;
	c->changes = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	c->dumps = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!c->changes || !c->dumps ||
	        mnl_socket_bind(c->changes, groups, MNL_SOCKET_AUTOPID) < 0 ||
	        mnl_socket_bind(c->dumps, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_sys(err, "netlink of conntrack");
		conntrack_close(c);
		return NULL;
	}
	if (setsockopt(conntrack_fd(c), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
		setsockopt(conntrack_fd(c), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return c;
}

void conntrack_close(struct conntrack *c)
{
	struct entry *n, *next;

	if (!c)
		return;
	HASH_ITER (hh, c->entries, n, next) {
		HASH_DEL(c->entries, n);
		free(n);
	}
	if (c->changes)
		mnl_socket_close(c->changes);
	if (c->dumps)
		mnl_socket_close(c->dumps);
	free(c);
}
