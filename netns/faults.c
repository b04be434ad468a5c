/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of faults, from faults.def. */
#include "fault.h"

#include <string.h>

const struct fault_row faults[] = {
#define FAULT(name, help) {#name, help, &fault_##name},
#include "netns/faults.def"
#undef FAULT
        {NULL, NULL, NULL},
};

const struct fault *fault_find(const char *name)
{
	for (const struct fault_row *r = faults; r->name; r++)
		if (!strcmp(r->name, name))
			return r->fault;
	return NULL;
}
