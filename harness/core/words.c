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

static int plain(char c)
{
	return c == '-' ? '_' : tolower((unsigned char)c);
}

/*
 * Edit distance, blind to case and to '-' against '_'. Two neighbours in the wrong order are one
 * mistake: the commonest one. `two` and `one` are the rows of the table before the row under way.
 */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t two[LONGEST + 1] = {0}, one[LONGEST + 1], row[LONGEST + 1];

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		memcpy(two, one, i > 1 ? sizeof one : 0);
		memcpy(one, row, sizeof row);
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = plain(a[i - 1]) == plain(b[j - 1]) ? 0 : 1;

			row[j] = min3(one[j] + 1, row[j - 1] + 1, one[j - 1] + change);
			if (i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) &&
			        plain(a[i - 2]) == plain(b[j - 1]) && two[j - 2] + 1 < row[j])
				row[j] = two[j - 2] + 1;
		}
	}
	return row[lb];
}

static size_t common_beginning(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && b[n] && plain(a[n]) == plain(b[n]))
		n++;
	return n;
}

/* "behave" is far from "behaviour" by edits, and near to the eye. */
static const char *same_beginning(const char *word, const char *const *valid, size_t n)
{
	const char *best = NULL;
	size_t longest = 3;

	for (size_t i = 0; i < n; i++) {
		size_t same = valid[i] ? common_beginning(word, valid[i]) : 0;

		if (same < longest || 2 * same <= strlen(word))
			continue;
		best = same > longest ? valid[i] : NULL; /* two alike: neither */
		longest = same;
	}
	return best;
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
	return best ? best : same_beginning(word, valid, n);
}
