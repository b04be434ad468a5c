/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace.h"

#include "cmd/trace_stop.h"
#include "core/clock.h"

enum { ON_STOP, ON_TICK, EVENTS };

static void on_end(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

int trace_loop_run(const struct trace_loop *l, struct err *err)
{
	struct timeval tick = clock_timeval(l->tick_ns);
	struct event *events[EVENTS];
	int failed;

	if (trace_stop_begin(l->for_ns, err))
		return -1;
	events[ON_STOP] = event_new(l->base, trace_stop_fd(), EV_READ, on_end, l->base);
	events[ON_TICK] = event_new(l->base, -1, EV_PERSIST, l->tick, l->arg);
	event_add(events[ON_STOP], NULL);
	event_add(events[ON_TICK], &tick);
	failed = l->begin(l->arg, err);
	if (!failed)
		event_base_dispatch(l->base);
	for (int i = 0; i < EVENTS; i++)
		event_free(events[i]);
	return failed;
}
