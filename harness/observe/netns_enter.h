/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves this thread into another network namespace, for good. */
#ifndef LASTACK_NETNS_ENTER_H
#define LASTACK_NETNS_ENTER_H

#include "core/err.h"

#include <sys/types.h>

/* As `ip netns` names them: /run/netns/NAME. 0, or -1 with err. */
int netns_enter_name(const char *name, struct err *err);

/* That of a process. */
int netns_enter_pid(pid_t pid, struct err *err);

#endif
