/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of expectation, from their table. */
#include "model/expectation.h"

#include <string.h>

#define EXPECTATION(name) extern const struct expectation_type expectation_##name;
#include "expectations.def"
#undef EXPECTATION

#define EXPECTATION(name) &expectation_##name,
const struct expectation_type *const expectation_types[] = {
#include "expectations.def"
        NULL};

const struct expectation_type *expectation_type_find(const char *name)
{
	for (const struct expectation_type *const *t = expectation_types; *t; t++)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}
