/* SPDX-License-Identifier: BSD-2-Clause */
/* Deletes entries of conntrack, by ctnetlink. */
#include "conntrack.h"

#include "core/array.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TUPLE_ROOM 256

/* What the kernel needs to find the entry again. */
struct victim {
	uint64_t began;
	uint8_t family;
	size_t size;
	char tuple[TUPLE_ROOM]; /* the attribute, as it came */
};

typedef ARRAY(struct victim) victims;

static struct nlmsghdr *message(char *buf, unsigned type, unsigned flags, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return h;
}

static int is_tcp(const struct nlattr *tuple)
{
	const struct nlattr *a, *b;

	mnl_attr_for_each_nested(a, tuple)
	{
		if (mnl_attr_get_type(a) != CTA_TUPLE_PROTO)
			continue;
		mnl_attr_for_each_nested(b,
		        a) if (mnl_attr_get_type(b) == CTA_PROTO_NUM) return mnl_attr_get_u8(b) ==
		        IPPROTO_TCP;
	}
	return 0;
}

static uint64_t start_of(const struct nlattr *timestamp)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(
	        a, timestamp) if (mnl_attr_get_type(a) ==
	                          CTA_TIMESTAMP_START) return be64toh(mnl_attr_get_u64(a));
	return 0;
}

static int on_entry(const struct nlmsghdr *h, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	struct victim v = {.family = g->nfgen_family};
	const struct nlattr *a, *tuple = NULL;

	mnl_attr_for_each(a, h, sizeof *g)
	{
		if (mnl_attr_get_type(a) == CTA_TUPLE_ORIG)
			tuple = a;
		else if (mnl_attr_get_type(a) == CTA_TIMESTAMP)
			v.began = start_of(a);
	}
	if (!tuple || mnl_attr_get_payload_len(tuple) > sizeof v.tuple || !is_tcp(tuple))
		return MNL_CB_OK;
	v.size = mnl_attr_get_payload_len(tuple);
	memcpy(v.tuple, mnl_attr_get_payload(tuple), v.size);
	array_push((victims *)arg, v);
	return MNL_CB_OK;
}

static int list(struct mnl_socket *nl, victims *ret, struct err *err)
{
	char buf[1 << 16] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = message(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	ssize_t n;
	int r = 1;

	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return err_sys(err, "entries of conntrack");
	while (r > 0) {
		n = mnl_socket_recvfrom(nl, buf, sizeof buf);
		r = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, 0, 0, on_entry, ret);
	}
	return r < 0 ? err_sys(err, "entries of conntrack") : 0;
}

/* 1 deleted, 0 it had gone by itself, -1. */
static int delete_one(struct mnl_socket *nl, const struct victim *v, struct err *err)
{
	char buf[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = message(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, v->family);
	ssize_t n;

	mnl_attr_put(h, CTA_TUPLE_ORIG | NLA_F_NESTED, v->size, v->tuple);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return err_sys(err, "deleting an entry of conntrack");
	n = mnl_socket_recvfrom(nl, buf, sizeof buf);
	if (n >= 0 && mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) >= 0)
		return 1;
	return errno == ENOENT ? 0 : err_sys(err, "deleting an entry of conntrack");
}

static int by_age(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	return (x->began > y->began) - (x->began < y->began);
}

int conntrack_forget(unsigned n, struct err *err)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	victims v = {0};
	int r, gone = 0;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = err_sys(err, "netlink of conntrack");
	} else {
		r = list(nl, &v, err);
		if (v.n)
			qsort(v.v, v.n, sizeof *v.v, by_age);
		for (size_t i = 0; !r && i < v.n && (unsigned)gone < n; i++) {
			int one = delete_one(nl, &v.v[i], err);

			r = one < 0 ? -1 : 0;
			gone += one > 0;
		}
	}
	if (nl)
		mnl_socket_close(nl);
	array_free(&v);
	return r ? -1 : gone;
}
