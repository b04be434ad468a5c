/* SPDX-License-Identifier: BSD-2-Clause */
/* The reading of counters from text, apart from where the text comes from. */
#ifndef LASTACK_SNMP_PARSE_H
#define LASTACK_SNMP_PARSE_H

#include "snmp.h"

#include <stddef.h>

struct snmp *snmp_new(void);

/* Adds the counters of a text of the form of /proc/net/snmp. After an error s can only be freed. */
int snmp_parse(struct snmp *s, const char *text, size_t n, struct err *err);

#endif
