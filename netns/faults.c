/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of faults, from faults.def. */
#include "fault.h"

#include <string.h>

const struct fault_row faults[] = {
#define FAULT(name, fate, needs, takes, help)                                                      \
	{#name, FATE_##fate, needs, takes, help, &fault_##name},
#include "netns/faults.def"
#undef FAULT
        {0},
};

const struct fault_row *fault_find(const char *name)
{
	for (const struct fault_row *r = faults; r->name; r++)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}
