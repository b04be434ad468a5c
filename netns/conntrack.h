/* SPDX-License-Identifier: BSD-2-Clause */
/* A router that forgets. */
#ifndef LASTACK_NETNS_CONNTRACK_H
#define LASTACK_NETNS_CONNTRACK_H

#include "core/err.h"

/*
 * Deletes the `n` oldest entries of TCP from the table of the caller's namespace, UINT32_MAX: all
 * there are. Returns how many went, or -1.
 */
int conntrack_forget(unsigned n, struct err *err);

#endif
