/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture in the pcapng format: several interfaces, nanoseconds, a comment for a packet, names
 * for addresses. Packets are raw IP.
 */
#ifndef LASTACK_PCAPNG_H
#define LASTACK_PCAPNG_H

#include "core/addr.h"

#include <stdio.h>

struct pcapng;

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* Writes the head. `interfaces` are names, numbered from 0. `out` is not owned; errors stay in it.
 */
struct pcapng *pcapng_new(FILE *out, const char *const *interfaces, unsigned n);
void pcapng_free(struct pcapng *p); /* NULL is fine; flushes */

/* The name of an address, for all packets after it. A name that was given already costs nothing. */
void pcapng_name(struct pcapng *p, const struct endpoint *e, const char *name);

/* `t_ns` is of core/clock; the file holds the time of day. comment may be NULL. */
void pcapng_packet(struct pcapng *p, unsigned interface, enum pcapng_direction direction,
        uint64_t t_ns, const void *bytes, size_t size, const char *comment);

#endif
