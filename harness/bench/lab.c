/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "netns/ip.h"
#include "netns/packet.h"
#include "netns/sysctl.h"
#include "rulesets.h"
#include "settings.h"
#include "targets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HASH_ENTRIES (1u << 18)

/* What the result repeats, so that a run can be repeated. */
static const char *const echoed[] = {"net.ipv4.ip_local_port_range", "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_tw_reuse_delay", "net.ipv4.tcp_timestamps", "net.ipv4.tcp_max_tw_buckets",
        "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_congestion_control"};

struct building {
	struct bench_lab *lab;
	const struct bench_config *config;
	struct bench_result *result;
};

static const char *const side_names[] = {"client", "server"};

static int is_echoed(const struct bench_result *r, const char *host, const char *key)
{
	for (unsigned i = 0; i < r->n_sysctls; i++)
		if (!strcmp(r->sysctls[i].host, host) && !strcmp(r->sysctls[i].key, key))
			return 1;
	return 0;
}

static void echo(struct bench_result *r, const char *host, const char *key)
{
	struct bench_setting *s = &r->sysctls[r->n_sysctls];

	if (r->n_sysctls == BENCH_SYSCTLS || is_echoed(r, host, key) ||
	        sysctl_read(key, s->value, sizeof s->value, NULL))
		return;
	snprintf(s->host, sizeof s->host, "%s", host);
	snprintf(s->key, sizeof s->key, "%s", key);
	for (char *c = s->value; *c; c++)
		if (*c == '\t')
			*c = ' ';
	r->n_sysctls++;
}

/* Of the namespace that the caller is in: what matters always, and what the user has set. */
static void echo_all(const struct building *b, const char *host)
{
	for (size_t i = 0; i < sizeof echoed / sizeof *echoed; i++)
		echo(b->result, host, echoed[i]);
	array_each (const struct bench_setting, s, &b->config->set)
		if (!strcmp(s->host, host) || !strcmp(s->host, "all") || !strcmp(host, "both"))
			echo(b->result, host, s->key);
}

/* Of the namespace that the caller is in. */
static int set_defaults(struct err *err)
{
	return sysctl_write("net.core.somaxconn", "65535", err) ||
	                       sysctl_write("net.ipv4.tcp_max_syn_backlog", "65535", err) ||
	                       sysctl_write("net.ipv4.ip_local_port_range", "1024 65535", err)
	               ? -1
	               : 0;
}

/* What the user sets of the host, in its namespace. */
static int set_up(struct building *b, enum bench_side side, struct err *err)
{
	array_each (const struct bench_setting, s, &b->config->set) {
		if (!setting_applies(s, side))
			continue;
		if (sysctl_write(s->key, s->value, err)) {
			err->kind = ERR_INPUT;
			return err_prefix(err, "--set %s:%s", s->host, s->key);
		}
	}
	return 0;
}

static void read_range(struct bench_lab *lab)
{
	char value[64], reserved[4096];

	lab->port_lo = 32768;
	lab->port_hi = 60999;
	if (!sysctl_read("net.ipv4.ip_local_port_range", value, sizeof value, NULL))
		sscanf(value, "%u %u", &lab->port_lo, &lab->port_hi);
	lab->ports = lab->port_hi - lab->port_lo + 1;
	if (!sysctl_read("net.ipv4.ip_local_reserved_ports", reserved, sizeof reserved, NULL))
		lab->ports -= settings_reserved(reserved, lab->port_lo, lab->port_hi);
}

static int prepare(void *arg, enum host h, struct err *err)
{
	struct building *b = arg;
	enum bench_side side = h == HOST_CLIENT ? SIDE_CLIENT : SIDE_SERVER;

	if (set_defaults(err) || set_up(b, side, err))
		return -1;
	echo_all(b, side_names[side]);
	if (side == SIDE_CLIENT)
		read_range(b->lab);
	return 0;
}

static int device(void *arg, enum host h, const char *name, struct err *err)
{
	struct building *b = arg;
	int *fd = &b->lab->tun[h == HOST_CLIENT ? 0 : 1];

	*fd = wire_device_open(name, err);
	if (*fd >= 0 && h == HOST_CLIENT && packet_is(*fd))
		bench_note(b->result, "the wire reads packet sockets instead of TUN devices");
	return *fd < 0 ? -1 : 0;
}

static int open_cell(struct building *b, struct err *err)
{
	struct bench_lab *lab = b->lab;
	const struct bench_config *c = b->config;
	unsigned family = c->family == AF_INET6 ? 6 : 4;
	struct cell_config config = {
	        .topology = {.link = c->link == BENCH_WIRE ? LINK_WIRE : LINK_VETH},
	        .hash_entries = HASH_ENTRIES,
	        .prepare = prepare,
	        .device = device,
	        .arg = b,
	};

	config.topology.addresses[HOST_CLIENT] = c->sources;
	config.topology.addresses[HOST_SERVER] = c->dests;
	if (cell_build(&lab->cell, &config, err))
		return -1;
	lab->space[SIDE_CLIENT] = lab->cell.space[HOST_CLIENT];
	lab->space[SIDE_SERVER] = lab->cell.space[HOST_SERVER];
	lab->from = topology_address(HOST_CLIENT, family, 1);
	lab->to = topology_address(HOST_SERVER, family, 1);
	lab->have_from = 1;
	return 0;
}

static void loopback_addresses(const struct bench_lab *lab, const struct bench_config *c, FILE *f)
{
	char text[INET6_ADDRSTRLEN];

	fputs("link set lo up\n", f);
	if (c->family == AF_INET)
		return; /* all of 127.0.0.0/8 is there */
	for (unsigned i = 0; i < c->sources + c->dests; i++) {
		struct endpoint e = i < c->sources ? endpoint_after(&lab->from, i)
		                                   : endpoint_after(&lab->to, i - c->sources);

		if (inet_ntop(AF_INET6, e.addr, text, sizeof text) && strcmp(text, "::1"))
			fprintf(f, "addr add %s/128 dev lo nodad\n", text);
	}
}

/* One namespace for both sides, made from one that gives it a socket hash of its own. */
static int open_loopback(struct building *b, struct err *err)
{
	struct bench_lab *lab = b->lab;
	char lines[65536] = "";
	FILE *f;

	(void)sysctl_write_number("net.ipv4.tcp_child_ehash_entries", HASH_ENTRIES, NULL);
	if (unshare(CLONE_NEWNET))
		return err_sys(err, "unshare(CLONE_NEWNET)");
	lab->cell.own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (lab->cell.own < 0)
		return err_sys(err, "/proc/thread-self/ns/net");
	lab->space[SIDE_CLIENT] = lab->space[SIDE_SERVER] = lab->cell.own;
	endpoint_parse(b->config->family == AF_INET ? "127.1.0.1:0" : "[::1:1]:0", &lab->from);
	endpoint_parse(b->config->family == AF_INET ? "127.0.0.1:0" : "[::1]:0", &lab->to);
	lab->have_from = 1;
	f = fmemopen(lines, sizeof lines, "w");
	if (!f)
		return err_sys(err, "memory");
	loopback_addresses(lab, b->config, f);
	fclose(f);
	if (ip_run(-1, lines, err))
		return -1;
	if (sysctl_write("net.ipv4.tcp_congestion_control", "reno", err) ||
	        sysctl_write_number("net.ipv4.tcp_max_tw_buckets", 1 << 21, err) ||
	        set_defaults(err) || set_up(b, SIDE_CLIENT, err) || set_up(b, SIDE_SERVER, err))
		return -1;
	echo_all(b, "both");
	read_range(lab);
	return 0;
}

/* The devices that they may speak of are there by now. */
static int filter(const struct building *b, struct err *err)
{
	for (enum bench_side side = SIDE_CLIENT; side <= SIDE_SERVER; side++)
		if (bench_lab_enter(b->lab, side, err) || rulesets_run(b->config, side, err) ||
		        bench_lab_leave(b->lab, err))
			return -1;
	return 0;
}

int bench_lab_open(struct bench_lab *lab, const struct bench_config *c, struct bench_result *r,
        struct err *err)
{
	struct building b = {lab, c, r};
	int failed = 0;

	memset(lab, 0, sizeof *lab);
	lab->cell.own = lab->space[0] = lab->space[1] = lab->tun[0] = lab->tun[1] = -1;
	if (c->against.family || c->serve.family) {
		lab->to = c->against.family ? c->against : c->serve;
		echo_all(&b, side_names[c->against.family ? SIDE_CLIENT : SIDE_SERVER]);
		read_range(lab);
		return 0;
	}
	failed = c->link == BENCH_LOOPBACK ? open_loopback(&b, err) : open_cell(&b, err);
	lab->to.port = BENCH_PORT;
	return failed || (c->rulesets.n && filter(&b, err)) ? -1 : 0;
}

void bench_lab_close(struct bench_lab *lab)
{
	wire_free(lab->wire); /* the rest ends with the cell */
	lab->wire = NULL;
}

int bench_lab_relay(struct bench_lab *lab, struct event_base *base, struct err *err)
{
	struct wire_config config = {.base = base, .fd = {lab->tun[0], lab->tun[1]}};

	if (lab->tun[0] < 0)
		return 0;
	lab->wire = wire_new(&config, err);
	return lab->wire ? 0 : -1;
}

int bench_lab_enter(const struct bench_lab *lab, enum bench_side side, struct err *err)
{
	if (lab->space[side] >= 0 && setns(lab->space[side], CLONE_NEWNET))
		return err_sys(err, "cannot enter the %s's namespace", side_names[side]);
	return 0;
}

int bench_lab_leave(const struct bench_lab *lab, struct err *err)
{
	if (lab->cell.own >= 0 && setns(lab->cell.own, CLONE_NEWNET))
		return err_sys(err, "cannot go back to the runner's namespace");
	return 0;
}
