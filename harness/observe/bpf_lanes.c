/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the lines of a slot: see bpf_raw.h. With one lane the records come as they took their
 * lines. With a lane for each processor they are put in the order of their times. Nothing younger
 * than the look at all lanes is handed out: an older one might still come in another lane.
 */
#include "observe/bpf_observer.h"

#ifdef LASTACK_BPF

#include "core/clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BATCHES 16 /* of a lane's lines, until they are given back */

const union raw_line *bpf_lane_line(const struct bpf_lane *l, unsigned offset)
{
	return &l->lines[(l->place + offset) & (l->n_lines - 1)];
}

static _Atomic uint64_t *tail_of(const struct bpf_lane *l)
{
	return (_Atomic uint64_t *)&l->queue->tail;
}

static void look(struct bpf_lane *l)
{
	const struct raw_event *raw = &bpf_lane_line(l, 0)->event;
	const _Atomic uint64_t *place = (const _Atomic uint64_t *)(const void *)&raw->place;

	l->next = atomic_load_explicit(place, memory_order_acquire) == l->place + 1 ? raw : NULL;
}

static int open_lane(
        struct bpf_lane *l, const struct bpf_observer *o, unsigned ring, struct err *err)
{
	void *at;

	l->queue = &o->queues[ring];
	l->n_lines = bpf_lane_lines(&o->options);
	at = mmap(NULL, l->n_lines * RAW_LINE, PROT_READ, MAP_SHARED, o->ring[ring], 0);
	if (at == MAP_FAILED)
		return err_sys(err, "bpf: mapping ring %u", ring);
	l->lines = at;
	l->place = l->given_back = atomic_load(tail_of(l));
	return 0;
}

int bpf_lanes_open(
        struct bpf_lanes *ls, const struct bpf_observer *o, unsigned slot, struct err *err)
{
	ls->n = o->options.lanes;
	ls->lane = must(calloc(ls->n, sizeof *ls->lane));
	for (unsigned i = 0; i < ls->n; i++)
		if (open_lane(&ls->lane[i], o, slot * ls->n + i, err)) {
			bpf_lanes_close(ls);
			return -1;
		}
	return 0;
}

void bpf_lanes_close(struct bpf_lanes *ls)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (ls->lane[i].lines)
			munmap((void *)ls->lane[i].lines, ls->lane[i].n_lines * RAW_LINE);
	free(ls->lane);
	ls->lane = NULL;
	ls->n = 0;
}

/* Lines were taken whose record is not complete: it is not known how old that one is. */
static int is_being_filled(const struct bpf_lane *l)
{
	return !l->next && atomic_load((_Atomic uint64_t *)&l->queue->head) != l->place;
}

void bpf_lanes_begin(struct bpf_lanes *ls)
{
	ls->bound_ns = clock_now_ns(); /* who reads on while they are made may never end */
	for (unsigned i = 0; i < ls->n; i++) {
		struct bpf_lane *l = &ls->lane[i];

		look(l);
		if (ls->n > 1 && is_being_filled(l) && l->t_ns < ls->bound_ns)
			ls->bound_ns = l->t_ns;
	}
}

struct bpf_lane *bpf_lanes_next(const struct bpf_lanes *ls)
{
	struct bpf_lane *oldest = NULL;

	for (unsigned i = 0; i < ls->n; i++) {
		struct bpf_lane *l = &ls->lane[i];

		if (l->next && (!oldest || l->next->t_ns < oldest->next->t_ns))
			oldest = l;
	}
	return oldest && oldest->next->t_ns <= ls->bound_ns ? oldest : NULL;
}

static void give_back(struct bpf_lane *l)
{
	atomic_store_explicit(tail_of(l), l->place, memory_order_release);
	l->given_back = l->place;
}

/* Lines go back in batches: each time costs the programs a cache line. */
void bpf_lane_pass(struct bpf_lane *l)
{
	l->t_ns = l->next->t_ns;
	l->place += l->next->lines;
	if (l->place - l->given_back >= l->n_lines / BATCHES)
		give_back(l);
	look(l);
}

void bpf_lanes_end(struct bpf_lanes *ls)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (ls->lane[i].place != ls->lane[i].given_back)
			give_back(&ls->lane[i]);
}

uint64_t bpf_lanes_known_ns(const struct bpf_lanes *ls, uint64_t now_ns)
{
	uint64_t known = ls->bound_ns < now_ns ? ls->bound_ns : now_ns;

	for (unsigned i = 0; i < ls->n; i++)
		if (is_being_filled(&ls->lane[i]) && ls->lane[i].t_ns < known)
			known = ls->lane[i].t_ns;
	return known;
}

void bpf_lanes_sleep(const struct bpf_lanes *ls, int asleep)
{
	for (unsigned i = 0; i < ls->n; i++)
		atomic_store((_Atomic uint32_t *)&ls->lane[i].queue->asleep, (uint32_t)asleep);
}

int bpf_lanes_asleep(const struct bpf_lanes *ls)
{
	for (unsigned i = 0; i < ls->n; i++)
		if (!atomic_load((_Atomic uint32_t *)&ls->lane[i].queue->asleep))
			return 0;
	return 1;
}

#endif
