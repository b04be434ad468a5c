/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From sockets to the processes and descriptors that hold them. A socket is named by its inode,
 * which is one number for all network namespaces.
 *
 * What is held by no descriptor is not found: the kernel's own sockets, sockets that are being
 * passed between processes (SCM_RIGHTS), files registered with an io_uring, and sockets whose program
 * waits in close() (SO_LINGER).
 */
#ifndef LASTACK_OWNER_TABLE_H
#define LASTACK_OWNER_TABLE_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct owner {
	uint32_t inode;
	pid_t pid;
	int fd;
};

struct owner_table;

enum owner_search {
	OWNERS_QUICK, /* by the quickest way: a walk while it is short, BPF where that can be had */
	OWNERS_WALK,  /* a walk through the descriptors of each process */
	OWNERS_THREADS, /* the same of each thread, which may have its own */
	OWNERS_BPF,  /* what the kernel says, threads included; an error where it cannot be had */
	OWNERS_SURE, /* BPF, or all threads */
};

/*
 * Looks for all of these inodes (0 is passed over) among all processes that we may look into.
 * NULL with err.
 */
struct owner_table *owner_table_new(
        const uint32_t *inodes, size_t n, enum owner_search how, struct err *err);
void owner_table_free(struct owner_table *t);

/* The owners of a socket, by pid and fd; *ret_n of them, none: NULL. */
const struct owner *owner_table_find(const struct owner_table *t, uint32_t inode, size_t *ret_n);

/* The command of a process that owns something, "?" when it was gone before it could be asked. */
const char *owner_table_command(const struct owner_table *t, pid_t pid);

/* May we look into every process there is? Root outside of any container may. */
int owners_all_visible(void);

#endif
