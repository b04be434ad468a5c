/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One plan on its way: its cell is started, what the runner says is heard, and its verdict is that
 * of the timeline which it leaves. Asynchronous: changed() tells of each step.
 *
 *   slot_start() --> RUNNING --> OVER --> slot_free()
 *         |                       ^
 *         '-- it lacks something -'
 */
#ifndef LASTACK_SLOT_H
#define LASTACK_SLOT_H

#include "model/timeline.h"
#include "netns/cell.h"
#include "run/controller.h"
#include "run/rings.h"

#include <event2/event.h>

enum slot_stage { SLOT_WAITING, SLOT_RUNNING, SLOT_OVER };

struct slot;

/* What all slots have in common. */
struct slot_config {
	struct event_base *base;
	struct rings *rings;
	uint64_t seed;   /* of the first slot */
	const char *out; /* NULL: nothing is captured or saved */
	const char *peers_dir;
	const char *const *set;
	size_t n_set;
	const char *options;
	void (*changed)(void *arg); /* one is over, idle or busy now */
	void *arg;
};

struct slot {
	const struct slot_config *config;
	const struct plan *plan;
	enum slot_stage stage;
	int idle; /* it waits long */
	struct run_order order;
	struct cell_process cell;
	struct event *message, *guard;
	uint64_t began_ns;
	int told;        /* that it is over */
	char waits[320]; /* for what, in words, "" unknown */
	uint64_t waits_until_ns;
	char said[64]; /* the runner's own verdict */
	struct timeline timeline;
	struct verdict verdict;
};

void slot_start(struct slot *s, const struct slot_config *c, const struct plan *p, size_t number);
void slot_abandon(struct slot *s); /* its cell ends without a verdict */
void slot_free(struct slot *s);

#endif
