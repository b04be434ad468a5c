/* SPDX-License-Identifier: BSD-2-Clause */
#include "behaviour.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *help;
	const struct behaviour *behaviour;
} table[] = {
#define BEHAVIOUR(name, on_eof, help) {#name, help, &behaviour_##name},
#include "behaviours.def"
#undef BEHAVIOUR
};

const struct behaviour *behaviour_find(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(name, table[i].name))
			return table[i].behaviour;
	return NULL;
}

void behaviour_print_list(void)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		printf("  %-13s %s\n", table[i].name, table[i].help);
}
