/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the runner. One thread, one event loop; its parts share struct runner:
 *
 *   run.c       the stages: builds the cell, starts the peers, sends the verdict
 *   steps.c     the loop: a step begins, is ruled on, ends
 *   act.c       a step of the scenario to commands
 *   cast.c      the peers: starts them, commands out, reports in
 *   emit.c      what is observed to the timeline and the judge
 *   stream.c    the kernel's event stream
 *   link.c      the wire, where there is one
 *   track.c     every look at a socket, from wherever, to one order of transitions
 *   filter.c    the rules of the wire, where there is none
 *   router.c    the router: rules, and what it tracks
 *   watch.c     when to dump sockets, counters and descriptors
 *   priority.c  before the machine's other work
 *
 * Transitions come from the kernel's event stream where there is one (r->bpf); then looks at
 * sockets tell details only.
 *
 * Whatever is observed goes through runner_emit(), in the order of judgement.
 */
#ifndef LASTACK_RUNNER_H
#define LASTACK_RUNNER_H

#include "expect/judge.h"
#include "netns/cell.h"
#include "netns/wire.h"
#include "observe/sock_diag.h"
#include "run/run.h"
#include "run/track.h"

#include <event2/event.h>

#define SERVER_PORT 5000

struct cast;
struct watch;
struct router;
struct filter;

struct runner {
	const struct run_order *order;
	const struct scenario *scenario;
	int channel;
	struct event_base *base;
	struct cell cell;
	int device[2]; /* the wire's ends, -1 none */
	struct wire *wire;
	struct bpf_ring *bpf; /* NULL: transitions come from looks at the sockets */
	struct cast *cast;
	struct track *track;
	struct watch *watch;
	struct filter *filter; /* NULL: no rules, or a wire that has them */
	struct router *router; /* NULL: there is none */
	struct judge *judge;

	FILE *timeline;
	struct timeline_head head;
	size_t n_events;
	size_t n_moves; /* of them those that show that something goes on */

	unsigned step; /* the one under way, or the next */
	int step_began;
	int acting; /* the curtain is up: the peers are ready */
	int over;
	int idle; /* as the controller was told */
	uint64_t step_ended_ns;
	struct event *advance;  /* look at the judge's ruling, once what is at hand has been fed */
	struct event *deadline; /* the ruling's until_ns */
	uint64_t progress_ns;   /* when the controller was last told what is waited for */
	unsigned progress_step; /* and in which step */
};

/* ---- emit.c ---- */

/* Puts an event on the timeline: writes it, and feeds the judge. t_ns 0 means now. */
void runner_emit(struct runner *r, struct event *e);
void runner_note(struct runner *r, enum host h, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* The lab failed: the run ends with ERROR. */
void runner_trouble(struct runner *r, const struct err *err);

/* ---- steps.c ---- */

void steps_new(struct runner *r);
void steps_await_peers(struct runner *r); /* the first step waits for them, not for ever */
const struct step *runner_step(const struct runner *r); /* under way, or NULL */

/* ---- cast.c ---- */

struct cast *cast_new(struct runner *r, struct err *err);
void cast_free(struct cast *c);
int cast_start(struct cast *c, enum host h, struct err *err);
int cast_ready(const struct cast *c); /* both have said so */
/* A command line without its number and newline. `number` comes back in DONE. */
void cast_tell(struct cast *c, enum host h, unsigned number, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Those that are ending now are waited for: what they leave behind is told with their end. */
void cast_reap(struct cast *c);
pid_t cast_pid(const struct cast *c, enum host h); /* 0: not running */

/* ---- act.c ---- */

int act(struct runner *r, const struct step *s, struct err *err);

/* ---- stream.c ---- */

int stream_new(struct runner *r, struct err *err); /* r->bpf, where the order has an observer */
/* Puts what it has until now on the timeline, and what the router's has. */
void stream_catch_up(struct runner *r);
void stream_check(struct runner *r); /* one with gaps proves nothing: that is trouble */

/* ---- link.c ---- */

int link_device(void *arg, enum host h, const char *name, struct err *err); /* for cell_config */
int link_new(struct runner *r, struct err *err); /* r->wire, where the link is one */
void link_check(struct runner *r); /* one that cannot keep up fails nobody: that is trouble */
const char *link_name(const struct runner *r); /* which it is in fact, and by what */

/* ---- priority.c ---- */

void priority_raise(struct runner *r);
void priority_raise_peer(pid_t pid);

/* ---- router.c ---- */

int router_new(struct runner *r, struct err *err); /* r->router, where the cell has one */
void router_free(struct router *x);
int router_act(struct runner *r, const struct step *s, struct err *err);
/* Puts what changed in its table on the timeline. These take NULL. */
void router_catch_up(struct router *x);
int router_look(struct router *x, struct err *err); /* the same, with what ran out, and a sample */

/* ---- filter.c ---- */

int filter_new(struct runner *r, struct err *err); /* r->filter, where the rules are for it */
/* These take NULL. */
void filter_free(struct filter *f);
void filter_announce(struct filter *f); /* what was made of the rules, as notes */
int filter_look(struct filter *f, enum host at, struct err *err); /* what it dropped */

/* ---- watch.c ---- */

struct watch *watch_new(struct runner *r, struct err *err);
void watch_free(struct watch *w);
void watch_kick(struct watch *w);   /* something happened: look soon */
void watch_sample(struct watch *w); /* look now */
void watch_final(struct watch *w);  /* the last look: all counters that changed */
/* Looks at one socket; for the wire's callbacks. */
void watch_look(struct watch *w, enum host h, const struct tuple *tuple);

#endif
