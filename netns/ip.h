/* SPDX-License-Identifier: BSD-2-Clause */
/* The only caller of iproute2: what was done can be shown to the user and pasted. */
#ifndef LASTACK_IP_H
#define LASTACK_IP_H

#include "core/err.h"

/*
 * A running `ip -batch -`. Several may run at once (one a host); ip_finish() waits for one and
 * reports the line that failed.
 */
struct ip_batch {
	int pid;
	int errors; /* its standard error */
};

/*
 * Starts `ip -batch -` in the namespace of the descriptor `netns` (-1: the caller's) with these
 * lines as its input. At most 64 KiB of lines: what a pipe holds.
 */
int ip_start(struct ip_batch *b, int netns, const char *lines, struct err *err);
int ip_finish(struct ip_batch *b, const char *lines, struct err *err);

/* Both in one. */
int ip_run(int netns, const char *lines, struct err *err);

#endif
