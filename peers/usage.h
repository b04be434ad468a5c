/* SPDX-License-Identifier: BSD-2-Clause */
/* What both programs have on their command lines. */
#ifndef LASTACK_USAGE_H
#define LASTACK_USAGE_H

struct verb;

/* The last rows of a table for getopt_long(). */
/* clang-format off */
#define USAGE_OPTIONS \
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}
/* clang-format on */

/* `line`: the options, without "usage:". */
void usage_print(const struct verb *verbs, const char *name, const char *purpose, const char *line);

#endif
