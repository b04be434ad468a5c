/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the text for people share, and nobody else calls. */
#ifndef LASTACK_STATES_TEXT_H
#define LASTACK_STATES_TEXT_H

#include "states.h"

#define DIM    "\033[2m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

void states_print_groups(struct out *o, const states_groups *g, int colour);

#endif
