/* SPDX-License-Identifier: BSD-2-Clause */
/* One message of ctnetlink to what it says of a TCP connection. */
#include "conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#define MOST_ATTRIBUTES 32

struct attributes {
	const struct nlattr *v[MOST_ATTRIBUTES];
};

static int collect(const struct nlattr *a, void *arg)
{
	struct attributes *t = arg;

	if (mnl_attr_get_type(a) < MOST_ATTRIBUTES)
		t->v[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static int nested(const struct nlattr *a, struct attributes *ret)
{
	memset(ret, 0, sizeof *ret);
	return a && mnl_attr_parse_nested(a, collect, ret) >= 0 ? 0 : -1;
}

static int take_bytes(const struct nlattr *a, void *ret, size_t size)
{
	if (!a || mnl_attr_get_payload_len(a) != size)
		return -1;
	memcpy(ret, mnl_attr_get_payload(a), size);
	return 0;
}

static int take_u32(const struct nlattr *a, uint32_t *ret)
{
	if (take_bytes(a, ret, sizeof *ret))
		return -1;
	*ret = ntohl(*ret);
	return 0;
}

static int take_port(const struct nlattr *a, uint16_t *ret)
{
	if (take_bytes(a, ret, sizeof *ret))
		return -1;
	*ret = ntohs(*ret);
	return 0;
}

static int take_addresses(const struct nlattr *a, struct tuple *ret)
{
	struct attributes ip;
	int six;

	if (nested(a, &ip))
		return -1;
	six = !ip.v[CTA_IP_V4_SRC];
	ret->local.family = ret->remote.family = six ? AF_INET6 : AF_INET;
	return take_bytes(
	               ip.v[six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC], ret->local.addr, six ? 16 : 4) ||
	                       take_bytes(ip.v[six ? CTA_IP_V6_DST : CTA_IP_V4_DST],
	                               ret->remote.addr, six ? 16 : 4)
	               ? -1
	               : 0;
}

/* 1 TCP, 0 something else, -1 malformed. */
static int take_tuple(const struct nlattr *a, struct tuple *ret)
{
	struct attributes t, proto;
	uint8_t number;

	if (nested(a, &t) || nested(t.v[CTA_TUPLE_PROTO], &proto) ||
	        take_bytes(proto.v[CTA_PROTO_NUM], &number, 1))
		return -1;
	if (number != IPPROTO_TCP)
		return 0;
	if (take_addresses(t.v[CTA_TUPLE_IP], ret) ||
	        take_port(proto.v[CTA_PROTO_SRC_PORT], &ret->local.port) ||
	        take_port(proto.v[CTA_PROTO_DST_PORT], &ret->remote.port))
		return -1;
	return 1;
}

static int take_state(const struct nlattr *a, struct conntrack_row *ret)
{
	struct attributes info, tcp;
	uint8_t state;

	if (!a)
		return 0; /* a change of something else */
	if (nested(a, &info) || nested(info.v[CTA_PROTOINFO_TCP], &tcp) ||
	        take_bytes(tcp.v[CTA_PROTOINFO_TCP_STATE], &state, 1) || state >= CT_COUNT)
		return -1;
	ret->has_state = state != CT_NONE;
	ret->state = (enum conntrack_state)state;
	return 0;
}

int conntrack_parse(const struct nlmsghdr *h, struct conntrack_row *ret)
{
	struct attributes t = {0};
	uint32_t status = 0;
	int tcp;

	memset(ret, 0, sizeof *ret);
	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg) ||
	        mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &t) < 0)
		return -1;
	tcp = take_tuple(t.v[CTA_TUPLE_ORIG], &ret->original);
	if (tcp <= 0)
		return tcp;
	if (take_tuple(t.v[CTA_TUPLE_REPLY], &ret->reply) != 1 || take_u32(t.v[CTA_ID], &ret->id) ||
	        take_state(t.v[CTA_PROTOINFO], ret))
		return -1;
	(void)take_u32(t.v[CTA_TIMEOUT], &ret->timeout_s); /* not when it is gone */
	(void)take_u32(t.v[CTA_STATUS], &status);
	ret->assured = !!(status & IPS_ASSURED);
	ret->gone = (h->nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE;
	return 1;
}
