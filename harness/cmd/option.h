/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of a command, by getopt_long(), with errors of our own. */
#ifndef LASTACK_OPTION_H
#define LASTACK_OPTION_H

#include "core/err.h"

#include <getopt.h>

/*
 * The next option of argv (argv[0] is the command's name): its letter, with its value in optarg; -1
 * behind the last one; '?' with err, which names the nearest option, when there is none such.
 * `letters` are the short ones, as getopt() takes them.
 */
int option_next(
        int argc, char **argv, const char *letters, const struct option *longs, struct err *err);

/* The value of an option that takes a number from 1 to `most`. 0, or -1 with err. */
int option_number(const char *option, const char *text, long most, long *ret, struct err *err);

#endif
