/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology.h"

#include <arpa/inet.h>
#include <string.h>

struct topology topology_of(const struct scenario *s)
{
	struct topology t = {.link = scenario_link(s), .router = s->hosts[HOST_ROUTER].present};

	for (int h = 0; h < HOST_COUNT; h++)
		t.addresses[h] = s->hosts[h].addresses ? s->hosts[h].addresses : 1;
	return t;
}

struct endpoint topology_address(enum host h, unsigned family, unsigned index)
{
	unsigned side = h == HOST_SERVER;
	struct endpoint e = {.family = family == 6 ? AF_INET6 : AF_INET};
	char text[64];

	if (family == 6)
		snprintf(text, sizeof text, "2001:2:0:%u::%x", side + 1, index);
	else
		snprintf(text, sizeof text, "198.%u.%u.%u", 18 + side, index >> 8, index & 255);
	inet_pton(e.family, text, e.addr);
	return e;
}

void topology_spaces(const struct topology *t, FILE *out)
{
	fputs("netns add client\nnetns add server\n", out);
	if (t->router)
		fputs("netns add router\n", out);
}

static void veth(
        const char *host, const char *device, const char *peer_host, const char *peer, FILE *out)
{
	fprintf(out, "link add %s netns %s type veth peer name %s netns %s\n", device, host, peer,
	        peer_host);
}

void topology_veths(const struct topology *t, FILE *out)
{
	const char *next = t->router ? "router" : "server";
	const char *next_device = t->router ? "router0" : "server0";

	if (t->link != LINK_WIRE)
		veth("client", "client0", next, next_device, out);
	if (t->router)
		veth("router", "router1", "server", "server0", out);
}

static void up(const char *device, FILE *out)
{
	/* No link-local address: no duplicate address detection and no router solicitations. In one
	 * line it would come up first. */
	fprintf(out, "link set %s addrgenmode none\nlink set %s up\n", device, device);
}

static void address(
        const struct topology *t, enum host h, unsigned index, const char *device, FILE *out)
{
	char ip[INET6_ADDRSTRLEN];
	struct endpoint e = topology_address(h, 4, index);

	inet_ntop(AF_INET, e.addr, ip, sizeof ip);
	fprintf(out, "addr add %s/%d dev %s\n", ip, t->router ? 16 : 15, device);
	e = topology_address(h, 6, index);
	inet_ntop(AF_INET6, e.addr, ip, sizeof ip);
	fprintf(out, "addr add %s/%d dev %s nodad\n", ip, t->router ? 64 : 48, device);
}

#define ROUTER_ADDRESSES 2 /* of IPv6, on each side */

static void router(FILE *out)
{
	for (unsigned side = 0; side < 2; side++) {
		char device[16];

		snprintf(device, sizeof device, "router%u", side);
		up(device, out);
		fprintf(out, "addr add 198.%u.255.254/16 dev %s\n", 18 + side, device);
		fprintf(out, "addr add 2001:2:0:%u::ff/64 dev %s nodad\n", side + 1, device);
		/* From here it solicits neighbours for what it forwards. */
		fprintf(out, "addr add fe80::ff/64 dev %s nodad\n", device);
	}
}

unsigned topology_addresses(const struct topology *t, enum host h)
{
	return h == HOST_ROUTER ? 2 * ROUTER_ADDRESSES : t->addresses[h];
}

void topology_host(const struct topology *t, enum host h, FILE *out)
{
	unsigned side = h == HOST_SERVER;
	const char *device = side ? "server0" : "client0";

	fputs("link set lo up\n", out);
	if (h == HOST_ROUTER) {
		router(out);
		return;
	}
	up(device, out);
	for (unsigned i = 1; i <= t->addresses[h]; i++)
		address(t, h, i, device, out);
	if (!t->router)
		return;
	fprintf(out, "route add default via 198.%u.255.254\n", 18 + side);
	fprintf(out, "route add ::/0 via 2001:2:0:%u::ff\n", side + 1);
}
