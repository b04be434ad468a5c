/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk through /proc/PID/fd, where a link "socket:[INODE]" is a descriptor of that socket; or the
 * same from the kernel's own walk. The first costs some microseconds for each descriptor of every
 * process, whatever it is; the second costs some milliseconds before it begins.
 */
#include "owner_table.h"

#include "core/array.h"
#include "owner_bpf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct command {
	pid_t pid;
	char name[17];
};

struct owner_table {
	uint32_t *wanted; /* open addressing, 0 = free */
	size_t mask;
	ARRAY(struct owner) owners;
	ARRAY(struct command) commands; /* by pid */
	size_t n_wanted;
	size_t links_left; /* how many more links the walk may read */
};

/* So many links are read in the time in which the kernel's walk is made ready. */
#define SHORT_WALK 1000

static size_t slot(const struct owner_table *t, uint32_t inode)
{
	size_t i = (inode * 2654435761u) & t->mask;

	while (t->wanted[i] && t->wanted[i] != inode)
		i = (i + 1) & t->mask;
	return i;
}

static void want(struct owner_table *t, const uint32_t *inodes, size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	t->wanted = must(calloc(size, sizeof *t->wanted));
	t->mask = size - 1;
	for (size_t i = 0; i < n; i++) {
		if (!inodes[i])
			continue;
		t->wanted[slot(t, inodes[i])] = inodes[i];
		t->n_wanted++;
	}
}

/* 0 when the link is none of a socket. */
static uint32_t inode_of_link(int dir, const char *name)
{
	static const char prefix[] = "socket:[";
	char link[32];
	ssize_t n = readlinkat(dir, name, link, sizeof link - 1);

	if (n <= (ssize_t)sizeof prefix || memcmp(link, prefix, sizeof prefix - 1))
		return 0;
	link[n] = '\0';
	return (uint32_t)strtoul(link + sizeof prefix - 1, NULL, 10);
}

/*
 * A process that ends meanwhile, or that we may not look into, is passed over: whoever needs to
 * know that none was asks owners_all_visible().
 */
static void look_into(struct owner_table *t, pid_t pid, const char *path)
{
	const struct dirent *d;
	DIR *dir = opendir(path);

	if (!dir)
		return;
	while (t->links_left && (d = readdir(dir))) {
		uint32_t inode;

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		t->links_left--;
		inode = inode_of_link(dirfd(dir), d->d_name);
		if (inode && t->wanted[slot(t, inode)]) {
			struct owner o = {inode, pid, atoi(d->d_name)};

			array_push(&t->owners, o);
		}
	}
	closedir(dir);
}

static void look_into_threads(struct owner_table *t, pid_t pid)
{
	char path[64];
	const struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%d/fd", (int)pid, atoi(d->d_name));
		look_into(t, pid, path);
	}
	closedir(dir);
}

/* Leaves links_left at 0 when it had to stop early. */
static int walk(struct owner_table *t, size_t most_links, int threads, struct err *err)
{
	char path[32];
	const struct dirent *d;
	DIR *dir = opendir("/proc");

	if (!dir)
		return err_sys(err, "/proc");
	t->owners.n = 0;
	t->links_left = most_links;
	while (t->links_left && (d = readdir(dir))) {
		pid_t pid = (pid_t)atoi(d->d_name);

		if (pid <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
		if (threads)
			look_into_threads(t, pid);
		else
			look_into(t, pid, path);
	}
	closedir(dir);
	return 0;
}

static void take_owner(void *arg, const struct raw_owner *raw)
{
	struct owner_table *t = arg;
	struct owner o = {raw->inode, (pid_t)raw->pid, (int)raw->fd};

	if (t->wanted[slot(t, o.inode)])
		array_push(&t->owners, o);
}

/* The kernel names processes by their number in its first PID namespace, we by that in ours. */
static int ask_the_kernel(struct owner_table *t)
{
	t->owners.n = 0;
	return owners_all_visible() ? owner_bpf_descriptors(take_owner, t) : -1;
}

static int look_for(struct owner_table *t, enum owner_search how, struct err *err)
{
	switch (how) {
	case OWNERS_QUICK:
		if (walk(t, SHORT_WALK, 0, err) < 0)
			return -1;
		if (t->links_left || !ask_the_kernel(t))
			return 0;
		break;
	case OWNERS_WALK:
		break;
	case OWNERS_BPF:
		if (ask_the_kernel(t) < 0)
			return err_set(err, ERR_MISSING,
			        "bpf: the kernel does not tell the owners of sockets");
		return 0;
	case OWNERS_SURE:
		if (!ask_the_kernel(t))
			return 0;
		return walk(t, SIZE_MAX, 1, err);
	case OWNERS_THREADS:
		return walk(t, SIZE_MAX, 1, err);
	}
	return walk(t, SIZE_MAX, 0, err);
}

static int by_number(const void *va, const void *vb)
{
	const pid_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static int by_inode(const void *va, const void *vb)
{
	const struct owner *a = va, *b = vb;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

/* Threads that share their descriptors all show them. */
static void sort_and_join(struct owner_table *t)
{
	size_t n = 0;

	if (!t->owners.n)
		return;
	qsort(t->owners.v, t->owners.n, sizeof *t->owners.v, by_inode);
	for (size_t i = 1; i < t->owners.n; i++)
		if (by_inode(&t->owners.v[n], &t->owners.v[i]))
			t->owners.v[++n] = t->owners.v[i];
	t->owners.n = n + 1;
}

static struct command command_of(pid_t pid)
{
	struct command c = {.pid = pid, .name = "?"};
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, c.name, sizeof c.name - 1);
		if (n > 0)
			c.name[c.name[n - 1] == '\n' ? n - 1 : n] = '\0';
		close(fd);
	}
	return c;
}

static int by_pid(const void *va, const void *vb)
{
	const struct command *a = va, *b = vb;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Once for each process that owns something. */
static void read_commands(struct owner_table *t)
{
	ARRAY(pid_t) pids = {0};

	array_each (struct owner, o, &t->owners)
		array_push(&pids, o->pid);
	if (pids.n)
		qsort(pids.v, pids.n, sizeof *pids.v, by_number);
	for (size_t i = 0; i < pids.n; i++)
		if (!i || pids.v[i] != pids.v[i - 1])
			array_push(&t->commands, command_of(pids.v[i]));
	array_free(&pids);
}

struct owner_table *owner_table_new(
        const uint32_t *inodes, size_t n, enum owner_search how, struct err *err)
{
	struct owner_table *t = must(calloc(1, sizeof *t));

	want(t, inodes, n);
	if (!t->n_wanted)
		return t;
	if (look_for(t, how, err) < 0) {
		owner_table_free(t);
		return NULL;
	}
	sort_and_join(t);
	read_commands(t);
	return t;
}

void owner_table_free(struct owner_table *t)
{
	if (!t)
		return;
	free(t->wanted);
	array_free(&t->owners);
	array_free(&t->commands);
	free(t);
}

const struct owner *owner_table_find(const struct owner_table *t, uint32_t inode, size_t *ret_n)
{
	size_t lo = 0, hi = t->owners.n, n = 0;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->owners.v[mid].inode < inode)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + n < t->owners.n && t->owners.v[lo + n].inode == inode)
		n++;
	*ret_n = inode ? n : 0;
	return *ret_n ? &t->owners.v[lo] : NULL;
}

const char *owner_table_command(const struct owner_table *t, pid_t pid)
{
	const struct command key = {.pid = pid};
	const struct command *c = NULL;

	if (t->commands.n)
		c = bsearch(&key, t->commands.v, t->commands.n, sizeof *t->commands.v, by_pid);
	return c ? c->name : "?";
}

/* The kernel's fixed number for the first PID namespace (include/linux/proc_ns.h). */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCu

int owners_all_visible(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	struct stat st;

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	if (!(data[0].effective & 1u << CAP_SYS_PTRACE))
		return 0;
	return !stat("/proc/self/ns/pid", &st) && st.st_ino == FIRST_PID_NAMESPACE;
}
