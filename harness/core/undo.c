/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo.h"

void undo_push(struct undo *u, void (*call)(void *), void *arg)
{
	array_push(&u->steps, ((struct undo_step){call, arg}));
}

void undo_all(struct undo *u)
{
	while (u->steps.n) {
		struct undo_step s = u->steps.v[--u->steps.n];

		s.call(s.arg);
	}
	array_free(&u->steps);
}
