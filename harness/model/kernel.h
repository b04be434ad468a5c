/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of the kernel, and what an expectation asks of them: `kernel: ">= 6.14"`. */
#ifndef LASTACK_KERNEL_H
#define LASTACK_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* From one version on, and below another. As kernel_version() makes them; 0: no bound. */
struct kernel_guard {
	uint32_t from, below;
};

/*
 * "6.14", "6.18.44-fc-v769": as one number that grows with it; *ret_rest (or NULL) is what follows
 * the last digit. 0 when it is no version.
 */
uint32_t kernel_version(const char *text, const char **ret_rest);

/* ">= 6.14" or "< 6.11". 0, or -1. */
int kernel_guard_parse(const char *text, struct kernel_guard *ret);

/* Does this release (as of uname -r) fulfil it? One that is no version fulfils no guard. */
int kernel_guard_holds(const struct kernel_guard *g, const char *release);

/* The way it is written; "" without a guard. Returns buf. */
#define KERNEL_TEXT 48
const char *kernel_guard_format(const struct kernel_guard *g, char *buf, size_t size);

#endif
