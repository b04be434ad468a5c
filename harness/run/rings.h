/* SPDX-License-Identifier: BSD-2-Clause */
/* The one BPF observer of all cells, and its rings: a cell at work has one of its own. */
#ifndef LASTACK_RINGS_H
#define LASTACK_RINGS_H

#include "run/run.h"

#define MOST_CELLS 512

struct rings {
	struct bpf_observer *bpf; /* NULL: transitions come from looks at the sockets */
	struct err missing;       /* asked for, and not there: no cell has a ring */
	char taken[MOST_CELLS];
};

/*
 * Loads the observer, as far as `which` asks for it. 0 without one where `which` leaves the choice
 * to the machine: then why says what it lacks. 0 also where `which` insists: then each rings_take()
 * says what it lacks, as ERR_MISSING.
 */
int rings_open(struct rings *r, enum observers which, struct err *why);
void rings_close(struct rings *r);

int rings_take(struct rings *r, struct run_order *o, struct err *err); /* o->bpf and o->slot */
void rings_give_back(struct rings *r, const struct run_order *o);

#endif
