/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run: when the last connections have ended in both kernels, or when those that are
 * left don't move any more. No clock of its own: whoever asks does so every few milliseconds.
 */
#ifndef LASTACK_BENCH_STILL_H
#define LASTACK_BENCH_STILL_H

#include "crew.h"
#include "watch.h"

/* What moves while connections end. */
struct moving {
	uint64_t done, in_flight, sockets[2], time_wait[2];
};

struct still {
	const struct crew *crew;
	const struct watch *watch;
	int alone;           /* nobody else has sockets in these namespaces */
	uint64_t sockets[2]; /* those there were before */
	struct moving last;
	uint64_t begun_ns, moved_ns; /* 0: it hasn't begun */
};

/* Before the run, with its listeners there. */
void still_init(struct still *s, const struct crew *crew, const struct watch *watch, int alone);

/* No connection begins any more. */
void still_begin(struct still *s);

/* Whether there is nothing more to wait for. */
int still_reached(struct still *s);

#endif
