/* SPDX-License-Identifier: BSD-2-Clause */
/* A step as the words that a peer is told over its control channel. */
#ifndef LASTACK_ORDER_H
#define LASTACK_ORDER_H

#include "scenario.h"

#include <stddef.h>

#define ORDER_TEXT 256

/*
 * `ret` without the number; "" for a step that no peer is told. `to`, ADDR:PORT, and `from`, an
 * address or "", are those of connect and churn.
 */
const char *step_order(
        const struct step *s, const char *to, const char *from, char *ret, size_t size);

#endif
