/* SPDX-License-Identifier: BSD-2-Clause */
#include "nft_counters.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

struct nft_counters {
	struct mnl_socket *nl;
	unsigned family, sequence;
	const char *table;
	void (*each)(void *arg, const char *name, uint64_t packets);
	void *arg;
};

struct object {
	const char *table, *name;
	const struct nlattr *data;
};

static int collect(const struct nlattr *a, void *arg)
{
	struct object *o = arg;

	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA && !mnl_attr_validate(a, MNL_TYPE_NESTED))
		o->data = a;
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(a) == NFTA_OBJ_TABLE)
		o->table = mnl_attr_get_str(a);
	else if (mnl_attr_get_type(a) == NFTA_OBJ_NAME)
		o->name = mnl_attr_get_str(a);
	return MNL_CB_OK;
}

static int packets(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS &&
	        mnl_attr_get_payload_len(a) == sizeof(uint64_t))
		*(uint64_t *)arg = be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int on_object(const struct nlmsghdr *h, void *arg)
{
	struct nft_counters *c = arg;
	struct object o = {0};
	uint64_t n = 0;

	if (mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &o) < 0)
		return MNL_CB_ERROR;
	if (!o.name || !o.data || !o.table || strcmp(o.table, c->table))
		return MNL_CB_OK;
	if (mnl_attr_parse_nested(o.data, packets, &n) < 0)
		return MNL_CB_ERROR;
	c->each(c->arg, o.name, n);
	return MNL_CB_OK;
}

static int ask(struct nft_counters *c, char *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++c->sequence;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = (uint8_t)c->family;
	g->version = NFNETLINK_V0;
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, c->table);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
	return mnl_socket_sendto(c->nl, h, h->nlmsg_len) < 0 ? -1 : 0;
}

int nft_counters_read(struct nft_counters *c,
        void (*each)(void *arg, const char *name, uint64_t packets), void *arg, struct err *err)
{
	char buf[1 << 15] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned port = mnl_socket_get_portid(c->nl);
	ssize_t n;
	int r = 1;

	c->each = each;
	c->arg = arg;
	if (ask(c, buf))
		return err_sys(err, "counters of nft");
	while (r > 0) {
		n = mnl_socket_recvfrom(c->nl, buf, sizeof buf);
		r = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, c->sequence, port, on_object, c);
	}
	return r < 0 ? err_sys(err, "counters of nft") : 0;
}

struct nft_counters *nft_counters_open(unsigned family, const char *table, struct err *err)
{
	struct nft_counters *c = must(calloc(1, sizeof *c));

	c->table = table;
	c->family = family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	c->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (c->nl && mnl_socket_bind(c->nl, 0, MNL_SOCKET_AUTOPID) >= 0)
		return c;
	err_sys(err, "netlink of nft");
	nft_counters_close(c);
	return NULL;
}

void nft_counters_close(struct nft_counters *c)
{
	if (!c)
		return;
	if (c->nl)
		mnl_socket_close(c->nl);
	free(c);
}
