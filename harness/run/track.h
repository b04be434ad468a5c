/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of sockets comes from the kernel's event stream, from dumps, and from looks on both
 * sides of every segment on the wire. Here it becomes one order of transitions a socket.
 *
 * Without the stream a look that shows a new state is a transition somewhere between the look
 * before and this one. With it the stream tells, and exactly; but it has gaps: a kernel may leave a
 * program out (when it interrupts itself; when the softirq happens to run on top of a task that
 * must not be traced). So a look that contradicts the stream, and still does so a little later,
 * tells instead.
 */
#ifndef LASTACK_TRACK_H
#define LASTACK_TRACK_H

#include "model/event.h"
#include "observe/sock_diag.h"

struct track;

struct track_config {
	void (*emit)(void *arg, struct event *e); /* an EV_STATE or EV_SOCKET; ours afterwards */
	void (*doubt)(void *arg); /* a look contradicts the stream: look again soon */
	void *arg;
};

struct track *track_new(const struct track_config *config);
void track_free(struct track *t);

/* From now on there is a stream. */
void track_stream_begins(struct track *t);

/* A socket was seen (row), or not found (row NULL) where `tuple` would be, between the two times.
 */
void track_saw(struct track *t, enum host h, const struct sock_row *row, const struct tuple *tuple,
        enum source source, uint64_t from_ns, uint64_t t_ns);
/* The kernel's event stream told this transition (EV_STATE). */
void track_told(struct track *t, const struct event *e);
/*
 * A dump of a host: begin, track_saw() for each row, end. Those that it did not show are not gone
 * for that: a minisocket may have taken over behind the back of the dump. So each is looked for.
 */
void track_dump_begin(struct track *t, uint64_t t_ns);
void track_dump_end(struct track *t, enum host h,
        void (*missed)(void *arg, const struct tuple *tuple), void *arg);
/* The soonest moment at which a kernel timer of a tracked socket can fire, 0 none. */
uint64_t track_next_timer_ns(const struct track *t);

#endif
