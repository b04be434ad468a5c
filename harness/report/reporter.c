/* SPDX-License-Identifier: BSD-2-Clause */
#include "reporter.h"

#include <string.h>

#define REPORTER(name) extern const struct reporter reporter_##name;
#include "reporters.def"
#undef REPORTER

#define REPORTER(name) &reporter_##name,
const struct reporter *const reporters[] = {
#include "reporters.def"
        NULL};

const struct reporter *reporter_find(const char *name)
{
	for (const struct reporter *const *r = reporters; *r; r++)
		if (!strcmp((*r)->name, name))
			return *r;
	return NULL;
}
