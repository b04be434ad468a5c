/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of ctnetlink, where rulesets stand in a file, and which rules nft is up to. */
#include "load/yaml.h"
#include "model/nft_rule.h"
#include "observe/conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- ctnetlink ---- */

static void put_tuple(struct nlmsghdr *h, int type, uint8_t proto, const char *from,
        uint16_t from_port, const char *to, uint16_t to_port)
{
	struct nlattr *t = mnl_attr_nest_start(h, (uint16_t)type);
	struct nlattr *n = mnl_attr_nest_start(h, CTA_TUPLE_IP);

	mnl_attr_put_u32(h, CTA_IP_V4_SRC, inet_addr(from));
	mnl_attr_put_u32(h, CTA_IP_V4_DST, inet_addr(to));
	mnl_attr_nest_end(h, n);
	n = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, proto);
	mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(from_port));
	mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(to_port));
	mnl_attr_nest_end(h, n);
	mnl_attr_nest_end(h, t);
}

static struct nlmsghdr *message(char *buf, unsigned type, uint8_t proto, uint8_t state)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlattr *info, *tcp;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
	put_tuple(h, CTA_TUPLE_ORIG, proto, "198.18.0.1", 40000, "198.19.0.1", 5000);
	put_tuple(h, CTA_TUPLE_REPLY, proto, "198.19.0.1", 5000, "198.19.255.254", 40001);
	mnl_attr_put_u32(h, CTA_ID, htonl(77));
	mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_ASSURED));
	mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(60));
	info = mnl_attr_nest_start(h, CTA_PROTOINFO);
	tcp = mnl_attr_nest_start(h, CTA_PROTOINFO_TCP);
	mnl_attr_put_u8(h, CTA_PROTOINFO_TCP_STATE, state);
	mnl_attr_nest_end(h, tcp);
	mnl_attr_nest_end(h, info);
	return h;
}

static void an_entry_is_read(void **state)
{
	char buf[1024] __attribute__((aligned(8))), text[TUPLE_TEXT];
	struct conntrack_row row;

	(void)state;
	assert_int_equal(
	        conntrack_parse(message(buf, IPCTNL_MSG_CT_NEW, IPPROTO_TCP, CT_CLOSE_WAIT), &row),
	        1);
	assert_int_equal(row.state, CT_CLOSE_WAIT);
	assert_int_equal(row.id, 77);
	assert_int_equal(row.timeout_s, 60);
	assert_true(row.assured && row.has_state && !row.gone);
	assert_string_equal(tuple_format(&row.original, text, sizeof text),
	        "198.18.0.1:40000 > 198.19.0.1:5000");
	assert_string_equal(tuple_format(&row.reply, text, sizeof text),
	        "198.19.0.1:5000 > 198.19.255.254:40001");
	assert_int_equal(
	        conntrack_parse(message(buf, IPCTNL_MSG_CT_DELETE, IPPROTO_TCP, CT_CLOSE), &row),
	        1);
	assert_true(row.gone);
}

static void what_is_not_tcp_or_not_whole_is_not_taken(void **state)
{
	char buf[1024] __attribute__((aligned(8)));
	struct conntrack_row row;
	struct nlmsghdr *h;

	(void)state;
	assert_int_equal(
	        conntrack_parse(message(buf, IPCTNL_MSG_CT_NEW, IPPROTO_UDP, CT_NONE), &row), 0);
	assert_int_equal(
	        conntrack_parse(message(buf, IPCTNL_MSG_CT_NEW, IPPROTO_TCP, CT_COUNT), &row), -1);
	h = message(buf, IPCTNL_MSG_CT_NEW, IPPROTO_TCP, CT_ESTABLISHED);
	h->nlmsg_len = sizeof *h + sizeof(struct nfgenmsg) + 40; /* in the first tuple */
	assert_int_equal(conntrack_parse(h, &row), -1);
	h->nlmsg_len = sizeof *h;
	assert_int_equal(conntrack_parse(h, &row), -1);
}

/* ---- rules ---- */

/* What nft cannot do about one rule; `steps` go before the expectation. */
static const char *fault_of(const char *rule, const char *steps)
{
	static char why[128];
	char text[512];
	struct err err = {0};
	struct scenario *s;
	const char *fault;

	snprintf(text, sizeof text,
	        "claim: A claim\nlink: wire\nwire:\n- {%s}\nsteps:\n- client: {connect: 1}\n%s"
	        "- expect: {client: {ESTABLISHED: 1}}\n",
	        rule, steps);
	s = scenario_parse(text, strlen(text), "test", &err);
	if (!s)
		fail_msg("%s", err.text);
	fault = nft_rule_fault(s, &s->rules.v[0]);
	snprintf(why, sizeof why, "%s", fault ? fault : "");
	scenario_free(s);
	return why;
}

static void what_nft_can_do(void **state)
{
	static const char *const can[] = {"drop: last-ack, from: client, times: 2",
	        "drop: ack-of-fin, from: server", "drop: fin again, from: client", "drop: any",
	        "drop: syn, from: client, skip: 1, times: 1",
	        "drop: fin, from: client, in_total: 3", "drop: rst",
	        "drop: handshake-ack, from: client, ordinal: 1"};

	(void)state;
	for (size_t i = 0; i < sizeof can / sizeof *can; i++)
		assert_string_equal(fault_of(can[i], ""), "");
}

static void what_it_cannot_do_and_why(void **state)
{
	(void)state;
	assert_string_equal(fault_of("delay: fin, by: 1s", ""), "it only drops");
	assert_string_equal(fault_of("drop: fin, times: 1", ""),
	        "each direction is counted by itself: say 'from'");
	assert_string_equal(fault_of("drop: keepalive-probe", ""),
	        "telling these ACKs from others takes sequence numbers");
	assert_string_equal(fault_of("drop: last-ack, from: client", "- both: {send: 1}\n"),
	        "with data under way the ACK of a FIN cannot be told from others");
	assert_string_equal(fault_of("drop: fin, from: client, times: 300000", ""),
	        "it counts to 200000 at most");
	assert_string_equal(fault_of("drop: fin, from: client, every: 2", ""),
	        "'every' is counted over all connections together, not for each");
}

/* ---- rulesets in a file ---- */

static struct nft_text place_of(const char *text)
{
	struct err err = {0};
	struct scenario *s = scenario_parse(text, strlen(text), "test", &err);
	struct nft_text t;

	if (!s)
		fail_msg("%s", err.text);
	t = s->hosts[HOST_ROUTER].nft;
	assert_non_null(t.text);
	t.text = NULL;
	scenario_free(s);
	return t;
}

#define STEPS "steps:\n- client: {connect: 1}\n- expect: {client: {ESTABLISHED: 1}}\n"

static void a_ruleset_knows_where_it_stands(void **state)
{
	struct nft_text t = place_of("claim: A\nrouter:\n  nft: |\n    table x {\n    }\n" STEPS);

	(void)state;
	assert_int_equal(t.first_line, 4);
	assert_int_equal(t.indent, 4);
	t = place_of("claim: A\nrouter: {nft: \"flush ruleset\"}\n" STEPS);
	assert_int_equal(t.first_line, 2);
	assert_int_equal(t.first_extra, 15);
	t = place_of("claim: A\nrouter:\n  nft: >\n    table x {\n    }\n" STEPS);
	assert_int_equal(t.first_line, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_entry_is_read),
	        cmocka_unit_test(what_is_not_tcp_or_not_whole_is_not_taken),
	        cmocka_unit_test(what_nft_can_do),
	        cmocka_unit_test(what_it_cannot_do_and_why),
	        cmocka_unit_test(a_ruleset_knows_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
