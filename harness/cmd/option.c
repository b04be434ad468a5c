/* SPDX-License-Identifier: BSD-2-Clause */
#include "option.h"

#include "core/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST    32 /* options of a command */
#define LONGEST 64

static const char *name_of(const struct option *longs, int letter)
{
	for (; longs->name; longs++)
		if (longs->val == letter)
			return longs->name;
	return NULL;
}

static int unknown(
        const char *command, const char *word, const struct option *longs, struct err *err)
{
	char texts[MOST][LONGEST], typed[LONGEST];
	const char *names[MOST], *near;
	size_t n = 0;

	for (; longs->name && n < MOST; longs++, n++) {
		snprintf(texts[n], LONGEST, "--%s", longs->name);
		names[n] = texts[n];
	}
	snprintf(typed, sizeof typed, "%.*s", (int)strcspn(word, "="), word);
	near = words_nearest(typed, names, n);
	if (near)
		return err_set(err, ERR_INPUT, "%s has no option '%s'; did you mean %s?", command,
		        typed, near);
	return err_set(err, ERR_INPUT, "%s has no option '%s'; see `lastack help %s`", command,
	        typed, command);
}

static void explain(int c, char **argv, const struct option *longs, struct err *err)
{
	const char *word = argv[optind - 1], *name = optopt ? name_of(longs, optopt) : NULL;
	char letter[] = {'-', (char)optopt, 0};

	if (c == ':' && name)
		err_set(err, ERR_INPUT, "--%s needs a value", name);
	else if (c == ':')
		err_set(err, ERR_INPUT, "%s needs a value", letter);
	else if (name && !strncmp(word, "--", 2))
		err_set(err, ERR_INPUT, "--%s takes no value", name);
	else
		unknown(argv[0], optopt ? letter : word, longs, err);
}

int option_next(
        int argc, char **argv, const char *letters, const struct option *longs, struct err *err)
{
	char all[LONGEST];
	int c;

	snprintf(all, sizeof all, ":%s",
	        letters); /* ':' tells a missing value from no such option */
	opterr = 0;
	c = getopt_long(argc, argv, all, longs, NULL);
	if (c != '?' && c != ':')
		return c;
	explain(c, argv, longs, err);
	return '?';
}

int option_number(const char *option, const char *text, long most, long *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	if (errno || *end || end == text || *ret < 1 || *ret > most)
		return err_set(err, ERR_INPUT, "%s takes a number from 1 to %ld, not '%s'", option,
		        most, text);
	return 0;
}
