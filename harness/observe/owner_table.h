/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From sockets to the processes and descriptors that hold them. A socket is named by its inode,
 * which is one number for all network namespaces.
 *
 * What is held by no descriptor is not found: the kernel's own sockets, sockets that are being
 * passed between processes (SCM_RIGHTS), files registered with an io_uring, and sockets whose
 * program waits in close() (SO_LINGER).
 */
#ifndef LASTACK_OWNER_TABLE_H
#define LASTACK_OWNER_TABLE_H

#include "descriptors.h"

#include <stddef.h>

struct owner_table;

/*
 * Of these inodes (0 is passed over), those that the search has found; ends the search. NULL with
 * err.
 */
struct owner_table *owner_table_new(
        struct descriptors_search *search, const uint32_t *inodes, size_t n, struct err *err);
void owner_table_free(struct owner_table *t);

/* The owners of a socket, by pid and fd; *ret_n of them, none: NULL. */
const struct owner *owner_table_find(const struct owner_table *t, uint32_t inode, size_t *ret_n);

/* The descriptors of unconnected sockets that the search has met, by pid and fd; *ret_n of them. */
const struct owner *owner_table_unconnected(const struct owner_table *t, size_t *ret_n);

/* The command of a process that owns something, "?" when it was gone before it could be asked. */
const char *owner_table_command(const struct owner_table *t, pid_t pid);

#endif
