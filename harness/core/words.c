/* SPDX-License-Identifier: BSD-2-Clause */
#include "words.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 63

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance, blind to case and to '-' against '_'. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[LONGEST + 1];

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);
			size_t change = (x == '-' ? '_' : x) == (y == '-' ? '_' : y) ? 0 : 1;
			size_t above = row[j];

			row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + change);
			diagonal = above;
		}
	}
	return row[lb];
}

const char *words_nearest(const char *word, const char *const *valid, size_t n)
{
	const char *best = NULL;
	size_t best_distance = 1 + strlen(word) / 2;

	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (!valid[i])
			continue;
		d = distance(word, valid[i]);
		if (d < best_distance) {
			best = valid[i];
			best_distance = d;
		}
	}
	return best;
}
