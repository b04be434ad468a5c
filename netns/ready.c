/* SPDX-License-Identifier: BSD-2-Clause */
#include "ready.h"

#include "core/clock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DEADLINE_S 30
#define RTF_LOCAL  0x80000000u /* linux/ipv6_route.h */

/* What is still to come in the caller's namespace. */
struct missing {
	char device[IFNAMSIZ];     /* one that sends nothing yet; "" none */
	unsigned ready, addresses; /* of IPv6 */
};

/* ---- what the kernel says ---- */

static int look_at_device(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *device = mnl_nlmsg_get_payload(h);
	int has_peer = 0, state = IF_OPER_UNKNOWN;
	struct missing *m = arg;
	const char *name = "";
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof *device)
	{
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			name = mnl_attr_get_str(a);
		else if (mnl_attr_get_type(a) == IFLA_LINK)
			has_peer = 1;
		else if (mnl_attr_get_type(a) == IFLA_OPERSTATE)
			state = mnl_attr_get_u8(a);
	}
	/* Others have their queue as soon as they are up, and may never know their state. */
	if (device->ifi_flags & IFF_UP && has_peer && state != IF_OPER_UP)
		snprintf(m->device, sizeof m->device, "%s", name);
	return MNL_CB_OK;
}

/* 1 when the list changed while it was told. */
static int list_devices(struct mnl_socket *s, struct missing *m)
{
	char buf[32768];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *all = mnl_nlmsg_put_extra_header(h, sizeof *all);
	int more = MNL_CB_OK;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	all->ifi_family = AF_UNSPEC;
	m->device[0] = '\0';
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) || mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -1;
	while (more == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(s, buf, sizeof buf);

		more = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, 0, 0, look_at_device, m);
	}
	return more >= 0 ? 0 : errno == EINTR ? 1 : -1;
}

/* With a socket of its own each time: what is left of an answer that was broken off is no matter.
 */
static int look_at_devices(struct missing *m, struct err *err)
{
	int r;

	do {
		struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

		r = s ? list_devices(s, m) : -1;
		if (r < 0)
			err_sys(err, "listing the devices");
		if (s)
			mnl_socket_close(s);
	} while (r > 0);
	return r;
}

/* Local routes beside those of lo. */
static int look_at_addresses(struct missing *m, struct err *err)
{
	FILE *f = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[256], device[32];
	unsigned length, flags;

	m->ready = 0;
	if (!f && errno == ENOENT) { /* a kernel without IPv6 */
		m->addresses = 0;
		return 0;
	}
	if (!f)
		return err_sys(err, "/proc/net/ipv6_route");
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%*32s %x %*s %*s %*s %*s %*s %*s %x %31s", &length, &flags,
		            device) == 3)
			m->ready += length == 128 && flags & RTF_LOCAL && strcmp(device, "lo") != 0;
	fclose(f);
	return 0;
}

/* ---- the waiting ---- */

/* The kernel tells of each device that changes and of each new route of IPv6. */
static struct mnl_socket *listen_for_changes(struct err *err)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int link = RTNLGRP_LINK, route = RTNLGRP_IPV6_ROUTE;

	if (s && !mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) &&
	        !mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &link, sizeof link) &&
	        !mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &route, sizeof route))
		return s;
	err_sys(err, "listening for devices and routes");
	if (s)
		mnl_socket_close(s);
	return NULL;
}

/* What it tells is read and not looked at: the tables say it better, also when some was lost. */
static int await_change(struct mnl_socket *s, uint64_t end_ns, struct err *err)
{
	struct pollfd p = {.fd = mnl_socket_get_fd(s), .events = POLLIN};
	uint64_t now = clock_now_ns();
	char buf[8192];

	if (poll(&p, 1, end_ns > now ? (int)((end_ns - now) / NS_PER_MS + 1) : 0) < 0 &&
	        errno != EINTR)
		return err_sys(err, "poll");
	while (recv(p.fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
		continue;
	return 0;
}

static int too_late(const struct missing *m, struct err *err)
{
	if (*m->device)
		return err_set(err, ERR_LAB, "the device %s sends nothing yet after %u s",
		        m->device, DEADLINE_S);
	return err_set(err, ERR_LAB, "only %u of %u addresses of IPv6 were ready after %u s",
	        m->ready, m->addresses, DEADLINE_S);
}

/* Listening began before the first look: no change can come between the two unnoticed. */
static int await(struct mnl_socket *changes, struct missing *m, struct err *err)
{
	uint64_t end = clock_now_ns() + DEADLINE_S * NS_PER_S;

	for (;;) {
		if (look_at_devices(m, err) || look_at_addresses(m, err))
			return -1;
		if (!*m->device && m->ready >= m->addresses)
			return 0;
		if (clock_now_ns() > end)
			return too_late(m, err);
		if (await_change(changes, end, err))
			return -1;
	}
}

int ready_await(unsigned addresses, struct err *err)
{
	struct missing m = {.addresses = addresses};
	struct mnl_socket *changes = listen_for_changes(err);
	int failed;

	if (!changes)
		return -1;
	failed = await(changes, &m, err);
	mnl_socket_close(changes);
	return failed;
}
