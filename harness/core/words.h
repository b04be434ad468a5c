/* SPDX-License-Identifier: BSD-2-Clause */
/* Helping someone who mistyped a name. */
#ifndef LASTACK_WORDS_H
#define LASTACK_WORDS_H

#include <stddef.h>

/*
 * Of `n` valid names (at most `n`, a NULL among them is passed over) the one nearest to `word` by
 * edit distance, or by the beginning that they have in common; NULL when none is near enough to be
 * what was meant.
 */
const char *words_nearest(const char *word, const char *const *valid, size_t n);

#endif
