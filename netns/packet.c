/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a packet socket on the far end of a veth: see packet.h. */
#include "packet.h"

#include "netns/ip.h"
#include "netns/tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* As much as the kernel gives: a packet that finds the queue full is lost without a rule. */
#define QUEUE_BYTES (64 << 20)

static int make_veth(const char *name, const char *far, struct err *err)
{
	static const uint8_t mac[] = {PACKET_HOST_MAC};
	char lines[512];

	snprintf(lines, sizeof lines,
	        "link add %s address %02x:%02x:%02x:%02x:%02x:%02x type veth peer name %s\n"
	        "link set %s arp off\n"
	        "link set %s arp off addrgenmode none\n" /* in one line it would come up first */
	        "link set %s up\n",
	        name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], far, name, far, far);
	return ip_run(-1, lines, err);
}

static int offload_off(int fd, const char *name, unsigned command)
{
	struct ethtool_value v = {.cmd = command, .data = 0};
	struct ifreq r = {.ifr_data = (void *)&v};

	memcpy(r.ifr_name, name, strlen(name) + 1);
	return ioctl(fd, SIOCETHTOOL, &r);
}

static int offloads_off(int fd, const char *name, struct err *err)
{
	static const unsigned commands[] = {
	        ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (offload_off(fd, name, commands[i]) && errno != EOPNOTSUPP)
			return err_sys(err, "offloads of %s", name);
	return 0;
}

static int bind_to(int fd, const char *name, struct err *err)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int one = 1, bytes = QUEUE_BYTES;

	/* What we write ourselves is not to be read again. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one))
		return err_sys(err, "PACKET_IGNORE_OUTGOING (Linux 4.20)");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) &&
	        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes))
		return err_sys(err, "SO_RCVBUF");
	at.sll_ifindex = (int)if_nametoindex(name);
	if (!at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof at))
		return err_sys(err, "binding a packet socket to %s", name);
	return 0;
}

int packet_open(const char *name, struct err *err)
{
	char far[IFNAMSIZ];
	int fd;

	if (snprintf(far, sizeof far, "%s-wire", name) >= (int)sizeof far)
		return err_set(err, ERR_LAB, "the name %s is too long for a device", name);
	/* Protocol 0: nothing is read before it is bound to its device. */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EPERM)
		return err_set(err, ERR_MISSING,
		        "packet: a packet socket needs CAP_NET_RAW in this network namespace; "
		        "run as root");
	if (fd < 0)
		return err_sys(err, "a packet socket");
	if (make_veth(name, far, err) || offloads_off(fd, name, err) ||
	        offloads_off(fd, far, err) || bind_to(fd, far, err)) {
		close(fd);
		return -1;
	}
	return fd;
}

#define WANTED "LASTACK_WIRE"

static int wants(const char *what)
{
	const char *wanted = getenv(WANTED);

	return wanted && !strcmp(wanted, what);
}

int wire_device_check(struct err *err)
{
	if (!getenv(WANTED) || wants("tun") || wants("packet"))
		return 0;
	return err_set(err, ERR_INPUT, WANTED "=%s in the environment: expected tun or packet",
	        getenv(WANTED));
}

int wire_device_open(const char *name, struct err *err)
{
	int fd;

	if (wants("packet"))
		return packet_open(name, err);
	fd = tun_open(name, err);
	if (fd < 0 && err->kind == ERR_MISSING && !wants("tun"))
		return packet_open(name, err);
	return fd;
}

int packet_is(int fd)
{
	int domain = 0;
	socklen_t size = sizeof domain;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_PACKET;
}
