/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands: a line is a number, a verb, its arguments, and NAME=VALUE options in any order. */
#ifndef LASTACK_COMMAND_H
#define LASTACK_COMMAND_H

#include "core/addr.h"
#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct job;
struct peer;

#define COMMAND_LINE  4096
#define COMMAND_WORDS 8

struct command {
	unsigned number;
	const char *verb;
	unsigned n_args, n_options;
	const char *args[COMMAND_WORDS];
	struct {
		const char *name, *value;
	} options[COMMAND_WORDS];
};

/* A verb that a program knows. */
struct verb {
	const char *name;
	const char *usage; /* its arguments and options, as --help prints them */
	unsigned n_args;
	const char *options; /* the names it takes, each with a space behind; "" none */
	/* Carries it out. -1 with err: it could not be understood, and nothing was done. */
	int (*run)(struct peer *p, const struct command *c, struct job *j, struct err *err);
};

extern const struct verb common_verbs[]; /* both programs'; ends with a NULL name */

/* Carries out a line; the answers are reports. -1 when it was refused. Writes into the line. */
int command_run(struct peer *p, char *line);
int command_order(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void command_refuse(struct peer *p, unsigned number, const char *why);
void command_print_verbs(const struct verb *program_verbs);

/* Words to values, 0 or -1 with err; each names what it wanted. */
const char *command_option(const struct command *c, const char *name); /* NULL: not given */
int command_number(const char *word, const char *what, unsigned long max, unsigned long *ret,
        struct err *err);                                                /* 1 .. max */
int command_rate(const struct command *c, double *ret, struct err *err); /* 0: not given */
int command_endpoint(const char *word, struct endpoint *ret, struct err *err);
int command_switch(const char *word, bool *ret, struct err *err); /* on, off */

#endif
