/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports: lines on standard output, buffered and written once in a turn of the loop. None is lost
 * and none blocks: what standard output does not take waits in memory.
 */
#ifndef LASTACK_REPORT_H
#define LASTACK_REPORT_H

#include <stddef.h>

struct peer;
struct conn;

void report_open(struct peer *p);
void report_flush(struct peer *p);

/* "T verb ...", the words after the verb as printf. */
void report(struct peer *p, const char *verb, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* About one connection: its names come first. Nothing when the peer is quiet. */
void report_conn(const struct conn *c, const char *verb, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

void report_failed(const struct conn *c, const char *call, int error);
void report_failed_command(struct peer *p, unsigned command, const char *call, int error);

#endif
