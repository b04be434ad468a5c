/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads bpf/owners.bpf.c and bpf/queues.bpf.c and reads what their iterators write. A light
 * skeleton: the kernel does the relocations, which saves us from reading its five megabytes of
 * types.
 */
#include "owner_bpf.h"

#ifdef LASTACK_BPF

#include "observe/bpf.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Generated, and not to our rules. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "owners.lskel.h"
#include "queues.lskel.h"
#pragma GCC diagnostic pop

static struct owners_bpf *loaded(void)
{
	static struct owners_bpf *skeleton;
	static int tried;

	if (tried)
		return skeleton;
	tried = 1;
	skeleton = owners_bpf__open();
	if (skeleton && owners_bpf__load(skeleton)) {
		owners_bpf__destroy(skeleton);
		skeleton = NULL;
	}
	return skeleton;
}

static struct queues_bpf *loaded_queues(void)
{
	struct queues_bpf *skeleton = queues_bpf__open();

	if (skeleton && queues_bpf__load(skeleton)) {
		queues_bpf__destroy(skeleton);
		skeleton = NULL;
	}
	return skeleton;
}

/* A descriptor to read an iterator's output from. */
static int open_iterator(int program)
{
	int link = skel_link_create(program, 0, BPF_TRACE_ITER), fd;

	if (link < 0)
		return -1;
	fd = bpf_iter_create(link);
	close(link);
	return fd;
}

/* Calls `each` for every record of this size, until it returns 0. A read ends with a whole one. */
static int read_all(int program, size_t size, int (*each)(void *arg, const void *record), void *arg)
{
	union {
		char bytes[65536];
		__u64 aligned;
	} buf;
	int fd = open_iterator(program);
	size_t have = 0;

	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t n = read(fd, buf.bytes + have, sizeof buf.bytes - have);
		size_t used = 0;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0) {
			close(fd);
			return n < 0 || have ? -1 : 0;
		}
		have += (size_t)n;
		for (; have - used >= size; used += size) {
			if (each(arg, buf.bytes + used))
				continue;
			close(fd);
			return 0;
		}
		have -= used;
		memmove(buf.bytes, buf.bytes + used, have);
	}
}

struct owner_sink {
	int (*each)(void *arg, const struct raw_owner *o);
	void *arg;
};

static int give_owner(void *arg, const void *record)
{
	const struct owner_sink *s = arg;

	return s->each(s->arg, record);
}

int owner_bpf_descriptors(int (*each)(void *arg, const struct raw_owner *o), void *arg)
{
	struct owners_bpf *b = loaded();
	struct owner_sink sink = {each, arg};
	uint64_t netns;
	struct err err;

	if (!b)
		return -1;
	if (bpf_netns_cookie(&netns, &err))
		netns = 0; /* none has this one */
	b->bss->asked_netns = netns;
	return read_all(
	        b->progs.on_descriptor.prog_fd, sizeof(struct raw_owner), give_owner, &sink);
}

struct socket_sink {
	void (*each)(void *arg, const struct raw_kernel_socket *s);
	void *arg;
};

static int give_socket(void *arg, const void *record)
{
	const struct socket_sink *s = arg;
	const struct raw_kernel_socket *raw = record;

	if (!raw->cookie)
		return 0;
	s->each(s->arg, raw);
	return 1;
}

int owner_bpf_kernel_sockets(
        int listeners_only, void (*each)(void *arg, const struct raw_kernel_socket *s), void *arg)
{
	struct owners_bpf *b = loaded();
	struct socket_sink sink = {each, arg};

	if (!b)
		return -1;
	b->bss->listeners_only = listeners_only;
	b->bss->past_listeners = 0;
	return read_all(
	        b->progs.on_socket.prog_fd, sizeof(struct raw_kernel_socket), give_socket, &sink);
}

struct waiting_sink {
	void (*each)(void *arg, const struct raw_waiting *w);
	void *arg;
};

static int give_waiting(void *arg, const void *record)
{
	const struct waiting_sink *s = arg;
	const struct raw_waiting *raw = record;

	if (!raw->listener)
		return 0;
	s->each(s->arg, raw);
	return 1;
}

int owner_bpf_waiting(void (*each)(void *arg, const struct raw_waiting *w), void *arg)
{
	struct queues_bpf *b = loaded_queues();
	struct waiting_sink sink = {each, arg};
	int failed;

	if (!b)
		return -1;
	failed = read_all(
	        b->progs.on_queue.prog_fd, sizeof(struct raw_waiting), give_waiting, &sink);
	queues_bpf__destroy(b);
	return failed;
}

static void ask(struct raw_tuple *asked, const struct sock_row *row)
{
	const struct tuple *t = &row->tuple;

	asked->ipv6 = t->local.family == AF_INET6;
	memcpy(asked->local, t->local.addr, sizeof asked->local);
	memcpy(asked->remote, t->remote.addr, sizeof asked->remote);
	asked->local_port = htons(t->local.port);
	asked->remote_port = htons(t->remote.port);
	asked->cookie = row->cookie;
}

int owner_bpf_lack(const struct sock_row *row)
{
	struct owners_bpf *b = loaded();
	char packet[64] = {0}; /* the program wants one and does not look at it */
	struct __sk_buff from = {.ifindex = row->device};
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = packet, .data_size_in = sizeof packet,
	        .ctx_in = &from, .ctx_size_in = sizeof from, .repeat = 1);

	if (!b)
		return -1;
	ask((struct raw_tuple *)&b->bss->asked, row);
	if (bpf_prog_test_run_opts(b->progs.on_tuple.prog_fd, &o) < 0)
		return -1;
	return (int)o.retval;
}

#else /* built where BPF programs cannot be */

int owner_bpf_descriptors(int (*each)(void *arg, const struct raw_owner *o), void *arg)
{
	(void)each;
	(void)arg;
	return -1;
}

int owner_bpf_kernel_sockets(
        int listeners_only, void (*each)(void *arg, const struct raw_kernel_socket *s), void *arg)
{
	(void)listeners_only;
	(void)each;
	(void)arg;
	return -1;
}

int owner_bpf_waiting(void (*each)(void *arg, const struct raw_waiting *w), void *arg)
{
	(void)each;
	(void)arg;
	return -1;
}

int owner_bpf_lack(const struct sock_row *row)
{
	(void)row;
	return -1;
}

#endif
