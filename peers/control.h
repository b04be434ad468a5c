/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input: lines, each a command. Its end is the program's end. */
#ifndef LASTACK_CONTROL_H
#define LASTACK_CONTROL_H

#include <stdbool.h>

struct peer;

void control_open(struct peer *p, bool by_hand);

#endif
