/* SPDX-License-Identifier: BSD-2-Clause */
/* What --set says, before there is a host that could be asked. */
#ifndef LASTACK_BENCH_SETTINGS_H
#define LASTACK_BENCH_SETTINGS_H

#include "bench.h"

/* `ret` is `from` with a list of its own to add to: array_free(&ret->set), all else is not its own.
 */
void settings_copy(struct bench_config *ret, const struct bench_config *from);

/* One more, which comes after all others. What is too long is cut off. */
void settings_add(struct bench_config *c, const char *host, const char *key, const char *value);

/* Whether a setting is for this host. */
int setting_applies(const struct bench_setting *s, enum bench_side side);

/* The value that a host ends up with, of a key; NULL: it is not set. */
const char *settings_value(const struct bench_config *c, enum bench_side side, const char *key);

/* The same as a number; `otherwise` where it is not set, or is no number. */
uint64_t settings_number(
        const struct bench_config *c, enum bench_side side, const char *key, uint64_t otherwise);

/* Two hosts that are one namespace: -1 (ERR_INPUT) when they are to have different values. */
int settings_agree(const struct bench_config *c, struct err *err);

/* The client's range of ephemeral ports. 1: it is set; 0: it isn't; -1: to something else. */
int settings_range(
        const struct bench_config *c, unsigned *ret_lo, unsigned *ret_hi, struct err *err);

/* How many ports from lo to hi are in a list of ip_local_reserved_ports: "40000-40010,40020". */
unsigned settings_reserved(const char *list, unsigned lo, unsigned hi);

/*
 * Lets the kernel judge all of them, in a network namespace that is thrown away: -1 with the first
 * one that it refuses (ERR_INPUT). Without the right to make a namespace: 0.
 */
int settings_try(const struct bench_config *c, struct err *err);

#endif
