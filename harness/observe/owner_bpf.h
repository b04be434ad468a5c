/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel itself can tell about who holds a socket, by BPF iterators. Needs the rights to
 * load them (root of the machine); loaded once in the life of the process, in a few milliseconds.
 */
#ifndef LASTACK_OWNER_BPF_H
#define LASTACK_OWNER_BPF_H

#include "observe/owner_raw.h"
#include "observe/sock_diag.h"

/*
 * Every descriptor of every task that names a TCP socket, of the caller's namespace or another,
 * until `each` returns 0. 0, or -1: cannot be had here.
 */
int owner_bpf_descriptors(int (*each)(void *arg, const struct raw_owner *o), void *arg);

/*
 * Every TCP socket of the caller's namespace that has no file, or every listener: they are few, and
 * the walk through the rest is saved. 0, or -1: cannot be had here.
 */
int owner_bpf_kernel_sockets(
        int listeners_only, void (*each)(void *arg, const struct raw_kernel_socket *s), void *arg);

/*
 * Every connection that waits for accept() in the caller's namespace, but for those behind the
 * first RAW_WAITING of a listener. A cookie that nobody has asked for is 0. 0, or -1: cannot be
 * had here.
 */
int owner_bpf_waiting(void (*each)(void *arg, const struct raw_waiting *w), void *arg);

/* What this connection lacks, enum raw_lack (nothing where it is gone), or -1: cannot be had here.
 */
int owner_bpf_lack(const struct sock_row *row);

#endif
