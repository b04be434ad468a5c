/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An error as a value: library code fills one and returns -1; only main() prints it and exits.
 * The kind decides the exit code and the verdict, so it is chosen where the failure is understood.
 */
#ifndef LASTACK_ERR_H
#define LASTACK_ERR_H

#include <stddef.h>

enum err_kind {
	ERR_NONE,
	ERR_INPUT,   /* the user's text or arguments are wrong: exit 2 */
	ERR_LAB,     /* the lab itself failed: verdict ERROR, exit 3 */
	ERR_MISSING, /* this machine lacks a named capability: verdict SKIP */
};

struct err {
	enum err_kind kind;
	char text[1024]; /* one line, no newline at the end */
};

/* Fills *e (which may be NULL) and returns -1, so that a caller can write `return err_set(...)`. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: kind ERR_LAB, and ": " with the words of errno appended. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the text that *e holds already. Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Memory that cannot be had ends the program: there is no useful way on for a laboratory. */
void *must(void *allocated);

#endif
