/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in other processes to names of functions, from /proc/PID/maps and ELF symbol tables. */
#ifndef LASTACK_SYMBOLS_H
#define LASTACK_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SYMBOL_TEXT 256

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);

/* Reads what a process has mapped, if that was not done before: it may be gone soon. */
void symbols_meet(struct symbols *s, pid_t pid);

/* 1: this address is in code that the process has mapped; 0 no; -1 the process was gone. */
int symbols_is_code(struct symbols *s, pid_t pid, uint64_t address);

/*
 * "close+0x17 (libc.so.6)", or less: "0x7f1234 (libfoo.so)", "0x7f1234"; "0x7f1234 (process gone)"
 * when it was gone before it was met. `is_return`: the address is that of the instruction after a
 * call. What a process has mapped is read once, at its first address. Returns buf.
 */
const char *symbols_name(
        struct symbols *s, pid_t pid, uint64_t address, int is_return, char *buf, size_t size);

#endif
