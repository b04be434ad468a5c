/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of one scenario. The controller (controller.c) schedules runs; a slot (slot.c) starts a
 * cell for one, in which the runner, its init, goes through the stages (run.c):
 *
 *   controller.c -> slot.c ==cell_spawn()==> run.c -> steps.c -> act.c
 *                     ^                        |
 *                     '------ channel.c -------'  what it waits for; its verdict at the end
 *
 * The timeline itself goes into a file that the controller opened before, so that it has what there
 * was even of a runner that crashed. The controller judges that timeline again, as a replay would,
 * and two verdicts that differ are an ERROR: every run proves that a replay is true to it.
 */
#ifndef LASTACK_RUN_H
#define LASTACK_RUN_H

#include "core/err.h"
#include "model/scenario.h"
#include "model/timeline.h"
#include "model/verdict.h"

/* Which observer gives the transitions. */
enum observers {
	OBSERVE_AUTO, /* bpf where it can be had */
	OBSERVE_BPF,
	OBSERVE_POLL, /* sock_diag, and looks at the sockets around each segment of the wire */
};

struct bpf_observer;

struct run_order {
	const struct scenario *scenario;
	unsigned family; /* 4 or 6 */
	uint64_t seed;
	int cpu;                  /* the only processor of the peers */
	const char *peers_dir;    /* where lastack-server and lastack-client are */
	int timeline;             /* descriptor of a file to write the timeline to */
	int capture;              /* descriptor of a file for wire.pcapng, -1 none */
	struct bpf_observer *bpf; /* NULL: transitions come from looks at the sockets */
	unsigned slot;            /* of that observer */
	const char *const *set; /* what --set said, beyond the scenario: its sysctls have it too */
	size_t n_set;           /* TIMELINE_SET at most */
	const char *options;    /* other words of the command line that change a run */
};

/* The runner: cell_spawn() runs this with a struct run_order. */
int run_in_cell(void *order, int channel);

#endif
