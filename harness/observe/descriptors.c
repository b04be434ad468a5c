/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk through /proc/PID/fd, where a link "socket:[INODE]" is a descriptor of that socket; or the
 * same from the kernel's own walk. The first costs some microseconds for each descriptor of every
 * process, whatever it is; the second costs some milliseconds before it begins.
 */
#include "descriptors.h"

#include "owner_bpf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct descriptors_search {
	enum descriptors_by way;
	descriptors found;
	size_t links_left; /* how many more links the walk may read */
	atomic_int dropped;
	pthread_t thread;
	int threaded, failed;
	struct err err;
};

/* So many links are read in the time in which the kernel's walk is made ready. */
#define SHORT_WALK 1000

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
static void look_into(struct descriptors_search *s, pid_t pid, const char *path)
{
	const struct dirent *d;
	DIR *dir = opendir(path);

	if (!dir)
		return;
	while (s->links_left && !s->dropped && (d = readdir(dir))) {
		struct owner o = {.pid = pid};

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		s->links_left--;
		o.inode = inode_of_link(dirfd(dir), d->d_name);
		o.fd = atoi(d->d_name);
		if (o.inode)
			array_push(&s->found, o);
	}
	closedir(dir);
}

static void look_into_threads(struct descriptors_search *s, pid_t pid)
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
		look_into(s, pid, path);
	}
	closedir(dir);
}

/* Leaves links_left at 0 when it had to stop early. */
static int walk(struct descriptors_search *s, size_t most_links, int threads)
{
	char path[32];
	const struct dirent *d;
	DIR *dir = opendir("/proc");

	if (!dir)
		return err_sys(&s->err, "/proc");
	s->found.n = 0;
	s->links_left = most_links;
	while (s->links_left && !s->dropped && (d = readdir(dir))) {
		pid_t pid = (pid_t)atoi(d->d_name);

		if (pid <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
		if (threads)
			look_into_threads(s, pid);
		else
			look_into(s, pid, path);
	}
	closedir(dir);
	return 0;
}

static int take_raw(void *arg, const struct raw_owner *raw)
{
	struct descriptors_search *s = arg;
	struct owner o = {raw->inode, (pid_t)raw->pid, (int)raw->fd, (int)raw->unconnected};

	array_push(&s->found, o);
	return !s->dropped;
}

/* The kernel names processes by their number in its first PID namespace, we by that in ours. */
static int ask_the_kernel(struct descriptors_search *s)
{
	s->found.n = 0;
	return owners_all_visible() ? owner_bpf_descriptors(take_raw, s) : -1;
}

static int search(struct descriptors_search *s)
{
	switch (s->way) {
	case DESCRIPTORS_UNCONNECTED:
		if (!ask_the_kernel(s))
			return 0;
		break;
	case DESCRIPTORS_QUICK:
		if (walk(s, SHORT_WALK, 0) < 0)
			return -1;
		if (s->links_left || !ask_the_kernel(s))
			return 0;
		break;
	case DESCRIPTORS_WALK:
		break;
	case DESCRIPTORS_BPF:
		if (ask_the_kernel(s) < 0)
			return err_set(&s->err, ERR_MISSING,
			        "bpf: the kernel does not tell the owners of sockets");
		return 0;
	case DESCRIPTORS_SURE:
		if (!ask_the_kernel(s))
			return 0;
		return walk(s, SIZE_MAX, 1);
	case DESCRIPTORS_THREADS:
		return walk(s, SIZE_MAX, 1);
	}
	return walk(s, SIZE_MAX, 0);
}

static void *search_in_thread(void *arg)
{
	struct descriptors_search *s = arg;

	s->failed = search(s);
	return NULL;
}

struct descriptors_search *descriptors_begin(enum descriptors_by way)
{
	struct descriptors_search *s = must(calloc(1, sizeof *s));

	s->way = way;
	s->threaded = !pthread_create(&s->thread, NULL, search_in_thread, s);
	return s;
}

int descriptors_end(struct descriptors_search *s, descriptors *ret, struct err *err)
{
	int failed;

	if (s->threaded)
		pthread_join(s->thread, NULL);
	else /* later, and not beside something else */
		search_in_thread(s);
	failed = s->failed;
	*ret = (descriptors){0};
	if (failed) {
		*err = s->err;
		array_free(&s->found);
	} else {
		*ret = s->found;
	}
	free(s);
	return failed;
}

int descriptors_know_more(const struct descriptors_search *s)
{
	return s->way == DESCRIPTORS_UNCONNECTED;
}

void descriptors_drop(struct descriptors_search *s)
{
	s->dropped = 1;
	if (s->threaded)
		pthread_join(s->thread, NULL);
	array_free(&s->found);
	free(s);
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
