/* SPDX-License-Identifier: BSD-2-Clause */
#include "still.h"

#include <string.h>

/* More than the first retransmission takes, and than a busy machine keeps a worker waiting. */
#define QUIET_NS NS_PER_S
#define LAST_NS  (10 * NS_PER_S)

void still_init(struct still *s, const struct crew *crew, const struct watch *watch, int alone)
{
	*s = (struct still){.crew = crew, .watch = watch, .alone = alone};
	for (int i = 0; i < 2; i++)
		s->sockets[i] = watch_sockets(watch, (enum bench_side)i);
}

void still_begin(struct still *s)
{
	s->begun_ns = s->moved_ns = clock_now_ns();
}

/*
 * Where others move too, only what is ours is looked at. And where a connection of ours is under
 * way that alone counts: TIME_WAITs end all the time.
 */
static void look(const struct still *s, struct moving *ret)
{
	struct bench_sample t = {0};

	memset(ret, 0, sizeof *ret); /* compared as memory */
	crew_totals(s->crew, &t);
	ret->done = t.done;
	ret->in_flight = crew_in_flight(s->crew);
	for (int i = 0; i < 2 && s->alone; i++) {
		ret->sockets[i] = watch_sockets(s->watch, (enum bench_side)i);
		if (!ret->in_flight)
			ret->time_wait[i] = watch_time_wait(s->watch, (enum bench_side)i);
	}
}

/* Whether there is a connection more than before. */
static int is_left(const struct still *s)
{
	if (s->last.in_flight)
		return 1;
	for (int i = 0; i < 2; i++)
		if (watch_sockets(s->watch, (enum bench_side)i) > s->sockets[i])
			return 1;
	return 0;
}

int still_reached(struct still *s)
{
	uint64_t now = clock_now_ns();
	struct moving m;

	look(s, &m);
	if (memcmp(&m, &s->last, sizeof m))
		s->moved_ns = now;
	s->last = m;
	return !is_left(s) || now - s->moved_ns > QUIET_NS || now - s->begun_ns > LAST_NS;
}
