/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace.h"

#include "core/clock.h"

#include <signal.h>

enum { ON_INT, ON_TERM, ON_TICK, ON_END, EVENTS };

static void on_end(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

int trace_loop_run(const struct trace_loop *l, struct err *err)
{
	struct timeval tick = clock_timeval(l->tick_ns), end = clock_timeval(l->for_ns);
	struct event *events[EVENTS] = {
	        [ON_INT] = evsignal_new(l->base, SIGINT, on_end, l->base),
	        [ON_TERM] = evsignal_new(l->base, SIGTERM, on_end, l->base),
	        [ON_TICK] = event_new(l->base, -1, EV_PERSIST, l->tick, l->arg),
	        [ON_END] = event_new(l->base, -1, 0, on_end, l->base),
	};
	int failed;

	event_add(events[ON_INT], NULL);
	event_add(events[ON_TERM], NULL);
	event_add(events[ON_TICK], &tick);
	if (l->for_ns)
		event_add(events[ON_END], &end);
	failed = l->begin(l->arg, err);
	if (!failed)
		event_base_dispatch(l->base);
	for (int i = 0; i < EVENTS; i++)
		event_free(events[i]);
	return failed;
}
