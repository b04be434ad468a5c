/* SPDX-License-Identifier: BSD-2-Clause */
/* The reference of the scenario language, from the very tables that the parser uses. */
#ifndef LASTACK_LOAD_REFERENCE_H
#define LASTACK_LOAD_REFERENCE_H

#include <stdio.h>

/* Markdown: docs/scenarios.md. */
void reference_print(FILE *out);

#endif
