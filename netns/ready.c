/* SPDX-License-Identifier: BSD-2-Clause */
#include "ready.h"

#include "core/clock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DEADLINE_NS (5 * NS_PER_S)
#define RTF_LOCAL   0x80000000u /* linux/ipv6_route.h */

/* Local routes beside those of lo; -1 with errno. */
static int local_routes(void)
{
	FILE *f = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[256], device[32];
	unsigned length, flags;
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%*32s %x %*s %*s %*s %*s %*s %*s %x %31s", &length, &flags,
		            device) == 3)
			n += length == 128 && flags & RTF_LOCAL && strcmp(device, "lo") != 0;
	fclose(f);
	return n;
}

/* The kernel tells of each new route of IPv6. */
static struct mnl_socket *listen_for_routes(struct err *err)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int group = RTNLGRP_IPV6_ROUTE;

	if (s && !mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) &&
	        !mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof group))
		return s;
	err_sys(err, "listening for routes");
	if (s)
		mnl_socket_close(s);
	return NULL;
}

/* What it tells is read and not looked at: the table says it better, also when some was lost. */
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

static int await(struct mnl_socket *s, unsigned addresses, struct err *err)
{
	uint64_t end = clock_now_ns() + DEADLINE_NS;
	int n;

	while ((n = local_routes()) < (int)addresses) {
		if (n < 0)
			return errno == ENOENT ? 0 : err_sys(err, "/proc/net/ipv6_route");
		if (clock_now_ns() > end)
			return err_set(err, ERR_LAB,
			        "only %d of %u addresses of IPv6 were ready after 5 s", n,
			        addresses);
		if (await_change(s, end, err))
			return -1;
	}
	return 0;
}

/* Listening begins before the first look: no route can come between the two unnoticed. */
int ready_await(unsigned addresses, struct err *err)
{
	struct mnl_socket *s = listen_for_routes(err);
	int failed;

	if (!s)
		return -1;
	failed = await(s, addresses, err);
	mnl_socket_close(s);
	return failed;
}
