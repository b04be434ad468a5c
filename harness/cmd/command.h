/* SPDX-License-Identifier: BSD-2-Clause */
/* A command of lastack: a row of commands.def. */
#ifndef LASTACK_COMMAND_H
#define LASTACK_COMMAND_H

#include "core/err.h"

struct command {
	const char *name;
	const char *usage; /* "run [SCENARIO|DIR|TAG]..." */
	const char *help;  /* one line */
	const char *more;  /* the options, as `lastack help NAME` prints them */
	int (*main)(
	        int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

extern const struct command *const commands[]; /* NULL at the end */

enum exit_code {
	EXIT_PASSED = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LAB = 3,
	EXIT_SKIPPED = 4,
};

/* Prints "lastack: text" to stderr; returns the exit code of the error's kind. */
int command_error(const struct err *e);

#endif
