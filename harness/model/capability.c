/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of the capabilities. */
#include "model/capability.h"

#include <string.h>

const struct capability capabilities[] = {
        {"root", "the rights of root: namespaces without a user namespace, other users' sockets"},
        {"netns", "may make network namespaces: every cell needs them"},
        {"userns", "may make a user namespace without root: runs as an ordinary user"},
        {"tun", "/dev/net/tun can be opened: the wire on TUN devices"},
        {"packet", "AF_PACKET sockets in a namespace of ours: the wire over veths"},
        {"veth", "veth pairs can be made: the link at the kernel's own speed"},
        {"bpf", "tracing programs (tp_btf) load: every transition with its exact time"},
        {"btf", "the kernel describes its types in /sys/kernel/btf/vmlinux: what bpf needs"},
        {"ipv6", "IPv6 is in the kernel and switched on in new namespaces"},
        {"iproute2", "the programs ip and ss: every cell is built by ip"},
        {"nft", "nftables in the kernel: drops at full rate, NAT on a router"},
        {"conntrack", "the kernel tracks connections, and tells of it: NAT, firewalls with state"},
        {"tshark", "reads captures back: only the project's own tests use it"},
        {0},
};

const struct capability *capability_find(const char *name)
{
	for (const struct capability *c = capabilities; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}
