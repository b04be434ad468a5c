/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <stdio.h>

#define COMMAND(name) extern const struct command command_##name;
#include "commands.def"
#undef COMMAND

#define COMMAND(name) &command_##name,
const struct command *const commands[] = {
#include "commands.def"
        NULL};

int command_error(const struct err *e)
{
	fprintf(stderr, "lastack: %s\n", e->text);
	switch (e->kind) {
	case ERR_INPUT:
		return EXIT_USAGE;
	case ERR_MISSING:
		return EXIT_SKIPPED;
	case ERR_NONE:
	case ERR_LAB:
		break;
	}
	return EXIT_LAB;
}
