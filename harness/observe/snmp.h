/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counters of /proc/net/netstat and /proc/net/snmp of the caller's network namespace, by the
 * names that nstat uses without its prefix's run-together: "TcpExt.TWRecycled", "Tcp.OutRsts",
 * "Ip.InDelivers".
 */
#ifndef LASTACK_SNMP_H
#define LASTACK_SNMP_H

#include "core/err.h"

#include <stdint.h>

struct snmp; /* one reading */

struct snmp *snmp_read(struct err *err);
void snmp_free(struct snmp *s);

/* The value of a counter; 0 when it is not there (*ret_known tells, may be NULL). */
int64_t snmp_get(const struct snmp *s, const char *name, int *ret_known);

/* Calls `each` for every counter whose value in `now` differs from `base`, with the difference. */
void snmp_differences(const struct snmp *base, const struct snmp *now,
        void (*each)(void *arg, const char *name, int64_t difference), void *arg);

/* Whether this kernel has a counter of this name, also one that has never counted. */
int snmp_knows(const struct snmp *s, const char *name);

/* All names, NULL-terminated, for checking a scenario's spelling. Owned by s. */
const char *const *snmp_names(const struct snmp *s, size_t *ret_n);

#endif
