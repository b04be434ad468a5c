/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a cell: its hosts. */
#include "cell.h"

#include "netns/ip.h"
#include "netns/ready.h"
#include "netns/sysctl.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HASH_ENTRIES 16384

static int has_host(const struct cell *c, enum host h)
{
	return h != HOST_ROUTER || c->topology.router;
}

int cell_enter(const struct cell *c, enum host h, struct err *err)
{
	if (setns(c->space[h], CLONE_NEWNET))
		return err_sys(err, "entering the namespace of %s", actor_names[h]);
	return 0;
}

int cell_leave(const struct cell *c, struct err *err)
{
	if (setns(c->own, CLONE_NEWNET))
		return err_sys(err, "going back to the runner's namespace");
	return 0;
}

/* Lines that `write` makes, run by ip. */
static int ip_lines(
        const struct topology *t, void (*write)(const struct topology *, FILE *), struct err *err)
{
	char *lines = NULL;
	size_t size = 0;
	FILE *f = must(open_memstream(&lines, &size));
	int r = 0;

	write(t, f);
	fclose(f);
	if (size)
		r = ip_run(-1, lines, err);
	free(lines);
	return r;
}

static int open_spaces(struct cell *c, struct err *err)
{
	char path[64];

	for (enum host h = 0; h < HOST_COUNT; h++) {
		c->space[h] = -1;
		if (!has_host(c, h))
			continue;
		snprintf(path, sizeof path, "/run/netns/%s", actor_names[h]);
		c->space[h] = open(path, O_RDONLY | O_CLOEXEC);
		if (c->space[h] < 0)
			return err_sys(err, "%s", path);
	}
	return 0;
}

/*
 * Of the devices that are made from now on. A TUN device is written to by a runner on that very
 * processor, and what it writes is taken in before write() returns. Kernels before 6.3 have no such
 * key.
 */
static void take_in_on(unsigned cpu)
{
	char mask[16 + CPU_SETSIZE / 32 * 9];
	int n = snprintf(mask, sizeof mask, "%x", 1u << cpu % 32);

	for (unsigned i = 0; i < cpu / 32; i++)
		n += snprintf(mask + n, sizeof mask - (size_t)n, ",00000000");
	(void)sysctl_write("net.core.rps_default_mask", mask, NULL);
}

static int set_basics(const struct cell_config *config, enum host h, struct err *err)
{
	if (sysctl_write("net.ipv4.tcp_congestion_control",
	            config->congestion ? config->congestion : "reno", err))
		return -1;
	/* A hash of one's own makes the kernel halve this limit to the hash's size. */
	if (sysctl_write_number("net.ipv4.tcp_max_tw_buckets", 1 << 21, err))
		return -1;
	if (config->taken_in_on)
		take_in_on(config->taken_in_on - 1);
	if (h == HOST_ROUTER && (sysctl_write("net.ipv4.ip_forward", "1", err) ||
	                                sysctl_write("net.ipv6.conf.all.forwarding", "1", err)))
		return -1;
	return 0;
}

static int prepare(const struct cell *c, const struct cell_config *config, struct err *err)
{
	for (enum host h = 0; h < HOST_COUNT; h++) {
		if (!has_host(c, h))
			continue;
		if (cell_enter(c, h, err) || set_basics(config, h, err))
			return -1;
		if (config->prepare && config->prepare(config->arg, h, err))
			return -1;
	}
	return cell_leave(c, err);
}

static int make_devices(const struct cell *c, const struct cell_config *config, struct err *err)
{
	enum host far = c->topology.router ? HOST_ROUTER : HOST_SERVER;

	if (c->topology.link != LINK_WIRE)
		return 0;
	if (cell_enter(c, HOST_CLIENT, err) ||
	        config->device(config->arg, HOST_CLIENT, "client0", err))
		return -1;
	if (cell_enter(c, far, err) ||
	        config->device(config->arg, far, far == HOST_ROUTER ? "router0" : "server0", err))
		return -1;
	return cell_leave(c, err);
}

/* All hosts at once: the time goes into starting ip, not into what it does. */
static int configure(const struct cell *c, struct err *err)
{
	struct ip_batch batch[HOST_COUNT];
	char *lines[HOST_COUNT] = {0};
	int r = 0;

	for (enum host h = 0; h < HOST_COUNT; h++) {
		size_t size;
		FILE *f;

		batch[h].pid = 0;
		if (r || !has_host(c, h))
			continue;
		f = must(open_memstream(&lines[h], &size));
		topology_host(&c->topology, h, f);
		fclose(f);
		r = ip_start(&batch[h], c->space[h], lines[h], err);
	}
	for (enum host h = 0; h < HOST_COUNT; h++) {
		if (batch[h].pid > 0 && ip_finish(&batch[h], lines[h], err))
			r = err_prefix(err, "%s", actor_names[h]);
		free(lines[h]);
	}
	return r;
}

static int await_addresses(const struct cell *c, struct err *err)
{
	for (enum host h = 0; h < HOST_COUNT; h++) {
		if (!has_host(c, h))
			continue;
		if (cell_enter(c, h, err))
			return -1;
		if (ready_await(topology_addresses(&c->topology, h), err))
			return err_prefix(err, "%s", actor_names[h]);
	}
	return cell_leave(c, err);
}

int cell_build(struct cell *c, const struct cell_config *config, struct err *err)
{
	unsigned hash = config->hash_entries ? config->hash_entries : HASH_ENTRIES;

	c->topology = config->topology;
	c->own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (c->own < 0)
		return err_sys(err, "/proc/self/ns/net");
	/* A socket hash of the hosts' own makes dumps cheap; kernels before 6.1 have no such key.
	 */
	(void)sysctl_write_number("net.ipv4.tcp_child_ehash_entries", hash, NULL);
	if (ip_lines(&c->topology, topology_spaces, err) || open_spaces(c, err))
		return -1;
	if (prepare(c, config, err) || ip_lines(&c->topology, topology_veths, err))
		return -1;
	return make_devices(c, config, err) || configure(c, err) || await_addresses(c, err) ? -1
	                                                                                    : 0;
}

uint64_t cell_cookie(const struct cell *c, enum host h, struct err *err)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	int fd;

	if (cell_enter(c, h, err))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size)) {
		err_sys(err, "cookie of the namespace of %s", actor_names[h]);
		cookie = 0;
	}
	if (fd >= 0)
		close(fd);
	return cell_leave(c, err) ? 0 : cookie;
}

static void __attribute__((noreturn))
become(int space, char *const argv[], const int fds[3], int cpu)
{
	cpu_set_t one;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	CPU_ZERO(&one);
	if (cpu >= 0)
		CPU_SET((unsigned)cpu, &one);
	if (setns(space, CLONE_NEWNET) || (cpu >= 0 && sched_setaffinity(0, sizeof one, &one)))
		_exit(126);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

pid_t cell_exec(const struct cell *c, enum host h, char *const argv[], const int fds[3], int cpu,
        struct err *err)
{
	pid_t pid = vfork();

	if (!pid)
		become(c->space[h], argv, fds, cpu);
	if (pid < 0)
		return err_sys(err, "starting %s", argv[0]);
	return pid;
}
