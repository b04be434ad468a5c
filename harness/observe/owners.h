/* SPDX-License-Identifier: BSD-2-Clause */
/* Which process and descriptor holds a socket. */
#ifndef LASTACK_OWNERS_H
#define LASTACK_OWNERS_H

#include "core/err.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * How many connection sockets (TCP, not listening) the descriptors of a process hold, whether or
 * not the kernel still lists them: a reset connection whose descriptor leaked counts. -1 with err.
 */
int owners_count(pid_t pid, struct err *err);

#endif
