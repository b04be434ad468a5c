/* SPDX-License-Identifier: BSD-2-Clause */
/* What `lastack trace` was asked for, and its other form: counts instead of transitions. */
#ifndef LASTACK_TRACE_H
#define LASTACK_TRACE_H

#include "core/err.h"
#include "core/tcp_state.h"

#include <event2/event.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_observer;

struct trace_options {
	const char *netns;
	pid_t pid;
	uint16_t port;         /* 0: any */
	enum tcp_state states; /* ST_NONE: any */
	int json, stacks, all, count;
	uint64_t for_ns; /* 0: until Ctrl-C */
};

/* Reads the arguments. -1 with err. */
int trace_options_take(struct trace_options *o, int argc, char **argv, struct err *err);

/* Goes into the namespace that is meant, and watches it as slot 0's client. */
int trace_watch(struct bpf_observer *o, const struct trace_options *w, struct err *err);

/*
 * Runs the loop until trace_stop_asked() or a loopbreak. begin() is called when a signal would end
 * it in order, tick() again and again.
 */
struct trace_loop {
	struct event_base *base;
	uint64_t for_ns, tick_ns;
	int (*begin)(void *arg, struct err *err);
	void (*tick)(evutil_socket_t fd, short what, void *arg);
	void *arg;
};
int trace_loop_run(const struct trace_loop *l, struct err *err);

/* --count: a line a second on standard output until its end. */
int trace_count(const struct trace_options *w, struct err *err);

#endif
