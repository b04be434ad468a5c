/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads bpf/owners.bpf.c and reads what its iterators write. A light skeleton: the kernel does the
 * relocations, which saves us from reading its five megabytes of types.
 */
#include "owner_bpf.h"

#ifdef LASTACK_BPF

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

/* Calls `each` for every record of this size. A read ends with a whole record. */
static int read_all(
        int program, size_t size, void (*each)(void *arg, const void *record), void *arg)
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
		for (; have - used >= size; used += size)
			each(arg, buf.bytes + used);
		have -= used;
		memmove(buf.bytes, buf.bytes + used, have);
	}
}

struct owner_sink {
	void (*each)(void *arg, const struct raw_owner *o);
	void *arg;
};

static void give_owner(void *arg, const void *record)
{
	const struct owner_sink *s = arg;

	s->each(s->arg, record);
}

int owner_bpf_descriptors(void (*each)(void *arg, const struct raw_owner *o), void *arg)
{
	struct owners_bpf *b = loaded();
	struct owner_sink sink = {each, arg};

	if (!b)
		return -1;
	return read_all(
	        b->progs.on_descriptor.prog_fd, sizeof(struct raw_owner), give_owner, &sink);
}

struct socket_sink {
	void (*each)(void *arg, const struct raw_kernel_socket *s);
	void *arg;
};

static void give_socket(void *arg, const void *record)
{
	const struct socket_sink *s = arg;

	s->each(s->arg, record);
}

int owner_bpf_kernel_sockets(void (*each)(void *arg, const struct raw_kernel_socket *s), void *arg)
{
	struct owners_bpf *b = loaded();
	struct socket_sink sink = {each, arg};

	if (!b)
		return -1;
	return read_all(
	        b->progs.on_socket.prog_fd, sizeof(struct raw_kernel_socket), give_socket, &sink);
}

#else /* built where BPF programs cannot be */

int owner_bpf_descriptors(void (*each)(void *arg, const struct raw_owner *o), void *arg)
{
	(void)each;
	(void)arg;
	return -1;
}

int owner_bpf_kernel_sockets(void (*each)(void *arg, const struct raw_kernel_socket *s), void *arg)
{
	(void)each;
	(void)arg;
	return -1;
}

#endif
