/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NETLINK_SOCK_DIAG through libmnl.
 *
 * A dump walks the hash tables of the kernel, which are large whether or not they are full. The
 * older request (TCPDIAG_GETSOCK) takes both families in one walk; the newer wants one walk each.
 * So the older is asked first, and the newer where a kernel has dropped it.
 */
#include "sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* The kernel fills at most 32 KiB at a time, and that only for a reader who offers as much. */
#define READ_SIZE 65536

struct sock_diag {
	struct mnl_socket *socket;
	uint32_t seq;
	char *buf;
};

/* Where the rows of a dump go: one of the two. */
struct sink {
	unsigned states; /* that were asked for */
	void (*row)(void *arg, const struct sock_row *row);
	void (*info)(void *arg, const struct sock_row *row, const struct tcp_info *info);
	void *arg;
};

struct sock_diag *sock_diag_open(struct err *err)
{
	struct sock_diag *d = must(calloc(1, sizeof *d));

	d->buf = must(malloc(READ_SIZE));
	d->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!d->socket) {
		err_sys(err, "a sock_diag socket cannot be opened");
		sock_diag_close(d);
		return NULL;
	}
	if (mnl_socket_bind(d->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_sys(err, "a sock_diag socket cannot be bound");
		sock_diag_close(d);
		return NULL;
	}
	return d;
}

void sock_diag_close(struct sock_diag *d)
{
	if (!d)
		return;
	if (d->socket)
		mnl_socket_close(d->socket);
	free(d->buf);
	free(d);
}

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static int is_mapped(const void *addr)
{
	return !memcmp(addr, mapped_prefix, sizeof mapped_prefix);
}

static int is_unspecified(const void *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr, zero, sizeof zero);
}

static void set_endpoint(struct endpoint *e, uint8_t family, const void *addr, uint16_t port)
{
	e->family = family;
	e->port = ntohs(port);
	memcpy(e->addr, addr, family == AF_INET ? 4 : 16);
}

/*
 * An AF_INET6 socket that talks IPv4 has mapped addresses on both sides, or (a listener bound to a
 * mapped address) on one side and nothing on the other.
 */
static void set_tuple(struct tuple *t, const struct inet_diag_msg *m)
{
	const uint8_t *src = (const uint8_t *)m->id.idiag_src;
	const uint8_t *dst = (const uint8_t *)m->id.idiag_dst;
	uint8_t family = m->idiag_family;

	if (family == AF_INET6 && is_mapped(src) && (is_mapped(dst) || is_unspecified(dst))) {
		family = AF_INET;
		src += sizeof mapped_prefix;
		dst += sizeof mapped_prefix;
	}
	set_endpoint(&t->local, family, src, m->id.idiag_sport);
	set_endpoint(&t->remote, family, dst, m->id.idiag_dport);
}

#define TIMER_TIMEWAIT 3

/*
 * The kernel collects sockets first and describes them afterwards: one that ended in between is
 * described as closed, its port gone, its cookie that of the minisocket which took over from it.
 * One that is only bound has a port and no peer.
 */
static int has_ended(const struct inet_diag_msg *m, unsigned states)
{
	return m->idiag_state == ST_CLOSE &&
	       (!m->id.idiag_sport || m->id.idiag_dport || !(states & 1u << ST_BOUND_INACTIVE));
}

int sock_diag_row(const struct inet_diag_msg *m, unsigned states, struct sock_row *ret)
{
	if (has_ended(m, states))
		return 0;
	memset(ret, 0, sizeof *ret);
	set_tuple(&ret->tuple, m);
	ret->cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
	ret->state = m->idiag_state < ST_COUNT ? (enum tcp_state)m->idiag_state : ST_NONE;
	if (ret->state == ST_NEW_SYN_RECV)
		ret->state = ST_SYN_RECV;
	if (ret->state == ST_CLOSE) /* only sockets with a port and no peer are listed so */
		ret->state = ST_BOUND_INACTIVE;
	ret->rqueue = m->idiag_rqueue;
	ret->wqueue = m->idiag_wqueue;
	ret->inode = m->idiag_inode;
	ret->uid = m->idiag_uid;
	ret->device = m->id.idiag_if;
	ret->timer = m->idiag_timer;
	ret->expires_ms = m->idiag_expires;
	ret->retrans = m->idiag_retrans;
	ret->minisocket = m->idiag_timer == TIMER_TIMEWAIT;
	return 1;
}

static const struct nlattr *find_info(const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct inet_diag_msg))
	{
		if (mnl_attr_get_type(a) == INET_DIAG_INFO)
			return a;
	}
	return NULL;
}

static void deliver(const struct sink *to, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	struct tcp_info info;
	struct sock_row row;

	if (mnl_nlmsg_get_payload_len(h) < sizeof *m || !sock_diag_row(m, to->states, &row))
		return;
	if (to->row) {
		to->row(to->arg, &row);
		return;
	}
	a = find_info(h);
	if (a) {
		size_t n = mnl_attr_get_payload_len(a);

		memset(&info, 0, sizeof info);
		memcpy(&info, mnl_attr_get_payload(a), n < sizeof info ? n : sizeof info);
	}
	to->info(to->arg, &row, a ? &info : NULL);
}

/* The errno in a NLMSG_ERROR, 0 for an acknowledgement. */
static int error_of(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	return mnl_nlmsg_get_payload_len(h) < sizeof *e ? EBADMSG : -e->error;
}

/*
 * Reads the answer to our last request until its end, or (an exact look-up has no end mark) its
 * first message. 0, or an errno: of the reading, or the kernel's answer.
 */
static int receive(struct sock_diag *d, const struct sink *to, int single)
{
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(d->socket, d->buf, READ_SIZE);
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		for (const struct nlmsghdr *h = (const void *)d->buf; mnl_nlmsg_ok(h, left);
		        h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != d->seq)
				continue; /* left over from a request that was given up */
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return error_of(h);
			deliver(to, h);
			if (single)
				return 0;
		}
	}
}

static struct nlmsghdr *request(struct sock_diag *d, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(d->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++d->seq;
	return h;
}

static int send_request(struct sock_diag *d, const struct nlmsghdr *h)
{
	return mnl_socket_sendto(d->socket, h, h->nlmsg_len) < 0 ? errno : 0;
}

/* A socket whose handshake is under way has a state of its own inside the kernel. */
static unsigned kernel_states(unsigned states)
{
	return states & 1u << ST_SYN_RECV ? states | 1u << ST_NEW_SYN_RECV : states;
}

static int dump_both(struct sock_diag *d, unsigned states, uint8_t ext, const struct sink *to)
{
	struct nlmsghdr *h = request(d, TCPDIAG_GETSOCK, NLM_F_DUMP);
	struct inet_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof *r);
	int e;

	r->idiag_family = AF_INET;
	r->idiag_states = kernel_states(states);
	r->idiag_ext = ext;
	e = send_request(d, h);
	return e ? e : receive(d, to, 0);
}

static int dump_family(
        struct sock_diag *d, uint8_t family, unsigned states, uint8_t ext, const struct sink *to)
{
	struct nlmsghdr *h = request(d, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(h, sizeof *r);
	int e;

	r->sdiag_family = family;
	r->sdiag_protocol = IPPROTO_TCP;
	r->idiag_states = kernel_states(states);
	r->idiag_ext = ext;
	e = send_request(d, h);
	return e ? e : receive(d, to, 0);
}

static int dump(
        struct sock_diag *d, unsigned states, uint8_t ext, const struct sink *to, struct err *err)
{
	int e = dump_both(d, states, ext, to);

	if (e == EINVAL || e == EOPNOTSUPP || e == ENOENT) {
		e = dump_family(d, AF_INET, states, ext, to);
		if (!e)
			e = dump_family(d, AF_INET6, states, ext, to);
		if (e == ENOENT) /* a kernel without IPv6 */
			e = 0;
	}
	if (!e)
		return 0;
	errno = e;
	return err_sys(err, "the kernel does not list its TCP sockets");
}

int sock_diag_dump(struct sock_diag *d, unsigned states,
        void (*each)(void *arg, const struct sock_row *row), void *arg, struct err *err)
{
	const struct sink to = {.states = states, .row = each, .arg = arg};

	return dump(d, states, 0, &to, err);
}

int sock_diag_dump_info(struct sock_diag *d, unsigned states,
        void (*each)(void *arg, const struct sock_row *row, const struct tcp_info *info), void *arg,
        struct err *err)
{
	const struct sink to = {.states = states, .info = each, .arg = arg};

	return dump(d, states, 1 << (INET_DIAG_INFO - 1), &to, err);
}

struct one {
	struct sock_row row;
	int got;
};

static void take_one(void *arg, const struct sock_row *row)
{
	struct one *one = arg;

	one->row = *row;
	one->got = 1;
}

/* 1 found, 0 not, -1 with err. `cookie` may be {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}. */
static int find(struct sock_diag *d, const struct tuple *t, uint32_t device,
        const uint32_t cookie[2], struct sock_row *ret, struct err *err)
{
	struct nlmsghdr *h = request(d, SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(h, sizeof *r);
	struct one one = {0};
	const struct sink to = {.states = SOCK_DIAG_ALL, .row = take_one, .arg = &one};
	int e;

	r->sdiag_family = t->local.family;
	r->sdiag_protocol = IPPROTO_TCP;
	r->idiag_states = ~0u;
	r->id.idiag_sport = htons(t->local.port);
	r->id.idiag_dport = htons(t->remote.port);
	memcpy(r->id.idiag_src, t->local.addr, sizeof t->local.addr);
	memcpy(r->id.idiag_dst, t->remote.addr, sizeof t->remote.addr);
	r->id.idiag_if = device;
	memcpy(r->id.idiag_cookie, cookie, sizeof r->id.idiag_cookie);
	e = send_request(d, h);
	if (!e)
		e = receive(d, &to, 1);
	if (e == ENOENT)
		return 0;
	if (e) {
		errno = e;
		return err_sys(err, "the kernel does not look up a TCP socket");
	}
	/* Where no connection matches, the lookup falls back on a listener. */
	if (!one.got || one.row.state == ST_LISTEN || !tuple_equal(&one.row.tuple, t))
		return 0;
	*ret = one.row;
	return 1;
}

int sock_diag_find(
        struct sock_diag *d, const struct tuple *t, struct sock_row *ret, struct err *err)
{
	static const uint32_t any[2] = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE};

	return find(d, t, 0, any, ret, err);
}

int sock_diag_find_again(
        struct sock_diag *d, const struct sock_row *row, struct sock_row *ret, struct err *err)
{
	const uint32_t cookie[2] = {(uint32_t)row->cookie, (uint32_t)(row->cookie >> 32)};

	return find(d, &row->tuple, row->device, cookie, ret, err);
}
