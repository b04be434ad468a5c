/* SPDX-License-Identifier: BSD-2-Clause */
/* lastack: a laboratory for the end of a TCP connection. Walks commands.def. */
#include "cmd/command.h"
#include "core/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef LASTACK_VERSION
#define LASTACK_VERSION "0.1"
#endif

static const struct command *find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static int usage(FILE *out)
{
	fprintf(out, "lastack: a laboratory for the end of a TCP connection\n\n"
	             "usage: lastack COMMAND ...\n\n");
	for (const struct command *const *c = commands; *c; c++)
		fprintf(out, "  %-8s %s\n", (*c)->name, (*c)->help);
	fprintf(out, "\nlastack help COMMAND tells more.\n"
	             "Exit codes: 0 passed, 1 an expectation failed, 2 wrong usage or scenario, 3 "
	             "the lab failed,\n"
	             "4 everything was skipped.\n");
	return out == stderr ? EXIT_USAGE : EXIT_PASSED;
}

static int help_of(const struct command *c)
{
	printf("usage: lastack %s\n\n%s\n", c->usage, c->help);
	if (c->more)
		printf("\n%s", c->more);
	return EXIT_PASSED;
}

static int unknown(const char *name)
{
	const char *names[64];
	size_t n = 0;
	const char *near;

	for (const struct command *const *c = commands; *c && n < 64; c++)
		names[n++] = (*c)->name;
	near = words_nearest(name, names, n);
	if (near)
		fprintf(stderr, "lastack: there is no command '%s'; did you mean '%s'?\n", name,
		        near);
	else
		fprintf(stderr, "lastack: there is no command '%s'; `lastack help` lists them\n",
		        name);
	return EXIT_USAGE;
}

static int is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int run(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--version")) {
		puts("lastack " LASTACK_VERSION);
		return EXIT_PASSED;
	}
	if (is_help(argv[1])) {
		if (argc < 3)
			return usage(stdout);
		c = find(argv[2]);
		return c ? help_of(c) : unknown(argv[2]);
	}
	c = find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	if (argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h")))
		return help_of(c);
	return c->main(argc - 1, argv + 1);
}

/* What was printed may not have arrived: then no code but this one would be true. */
static int finish(int code)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (code != EXIT_LAB) /* else it has been said */
		fprintf(stderr, "lastack: writing the output: %s\n",
		        errno ? strerror(errno) : "not all of it could be written");
	return EXIT_LAB;
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
