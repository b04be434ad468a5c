/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable array of any type:  ARRAY(struct event) events;  array_push(&events, e);
 * Zeroed memory is an empty array. Elements move when it grows: keep indices, not pointers.
 */
#ifndef LASTACK_ARRAY_H
#define LASTACK_ARRAY_H

#include "err.h"

#include <stdlib.h>

#define ARRAY(type)                                                                                \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, cap;                                                                     \
	}

#define array_push(a, item)                                                                        \
	do {                                                                                       \
		if ((a)->n == (a)->cap) {                                                          \
			(a)->cap = (a)->cap ? 2 * (a)->cap : 8;                                    \
			(a)->v = must(realloc((a)->v, (a)->cap * sizeof *(a)->v));                 \
		}                                                                                  \
		(a)->v[(a)->n++] = (item);                                                         \
	} while (0)

#define array_free(a)                                                                              \
	do {                                                                                       \
		free((a)->v);                                                                      \
		(a)->v = NULL;                                                                     \
		(a)->n = (a)->cap = 0;                                                             \
	} while (0)

/* for (type *it = ...) over all elements */
#define array_each(type, it, a) for (type *it = (a)->v; it && it < (a)->v + (a)->n; it++)

#endif
