/* SPDX-License-Identifier: BSD-2-Clause */
/* Sysctls of the network namespace that the caller is in (/proc/sys resolves by the caller). */
#ifndef LASTACK_SYSCTL_H
#define LASTACK_SYSCTL_H

#include "core/err.h"
#include "model/scenario.h"

#include <stdint.h>

/*
 * "net.ipv4.tcp_fin_timeout". The error names key and value. A name outside of net. is refused
 * (ERR_INPUT): whatever namespace the caller is in, it would be the machine's.
 */
int sysctl_write(const char *name, const char *value, struct err *err);
int sysctl_write_number(const char *name, uint64_t value, struct err *err);

/* The value without its newline. 0 or -1. */
int sysctl_read(const char *name, char *ret, size_t size, struct err *err);

/*
 * Tries every sysctl of the scenarios in a throw-away network namespace, so that a key that does
 * not exist, one that exists only for the whole machine, and a value that the kernel refuses are
 * told before any cell is built. -1 with "file:line:col: ..." of the first one (ERR_INPUT), or "--set
 * host:name: ..." of one that has no line. Without the right to make a namespace: 0.
 */
int sysctl_try(struct scenario *const *scenarios, size_t n, struct err *err);

#endif
