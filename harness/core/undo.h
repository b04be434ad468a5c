/* SPDX-License-Identifier: BSD-2-Clause */
/* What was set up, undone in reverse. Each step of a build pushes the call that takes it back. */
#ifndef LASTACK_UNDO_H
#define LASTACK_UNDO_H

#include "array.h"

struct undo_step {
	void (*call)(void *);
	void *arg;
};

struct undo {
	ARRAY(struct undo_step) steps;
};

void undo_push(struct undo *u, void (*call)(void *), void *arg);
void undo_all(struct undo *u); /* safe to call twice */

#endif
