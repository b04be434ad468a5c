/* SPDX-License-Identifier: BSD-2-Clause */
#include "usage.h"

#include "behaviour.h"
#include "command.h"

#include <stdio.h>

void usage_print(const struct verb *verbs, const char *name, const char *purpose, const char *line)
{
	printf("%s: %s\n"
	       "\n"
	       "usage: %s\n"
	       "\n"
	       "Reports go to standard output, a line each; commands come from standard input,\n"
	       "with or without the options. docs/control-protocol.md describes both.\n"
	       "\n"
	       "Behaviours (--behave):\n",
	        name, purpose, line);
	behaviour_print_list();
	printf("\nCommands (N numbers them, from 1):\n");
	command_print_verbs(verbs);
}
