/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reader that sleeps is woken by the first event, also when somebody who would not wait has read
 * that event before it. In a namespace of its own; prints TAP.
 */
#include "observe/bpf.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLEEPS_MS   200  /* it falls asleep sooner */
#define PATIENCE_MS 5000 /* for an event to come by itself */

struct seen {
	struct event_base *base;
	unsigned events;
};

static void on_event(void *arg, const struct event *e)
{
	struct seen *s = arg;

	(void)e;
	s->events++;
	event_base_loopbreak(s->base);
}

static void __attribute__((noreturn)) die(const struct err *err)
{
	fprintf(stderr, "bpf_wake: %s\n", err->text);
	exit(1);
}

/* A listener begins and ends: two transitions. */
static void something_happens(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || listen(fd, 1) || close(fd))
		exit(1);
}

/* Until an event comes, or so long. How many came. */
static unsigned wait_ms(struct seen *s, uint64_t ms)
{
	struct timeval tv = clock_timeval(ms * NS_PER_MS);

	s->events = 0;
	event_base_loopexit(s->base, &tv);
	event_base_dispatch(s->base);
	return s->events;
}

/* All that is still to come of what has happened, then sleep. */
static void fall_asleep(struct seen *s)
{
	while (wait_ms(s, SLEEPS_MS))
		continue;
}

static int bad;

static void tap(int ok, const char *what)
{
	static int n;

	printf("%sok %d - %s\n", ok ? "" : "not ", ++n, what);
	bad |= !ok;
}

int main(void)
{
	struct err err = {0};
	struct seen s = {.base = event_base_new()};
	struct bpf_observer *o = bpf_observer_new(NULL, &err);
	struct bpf_ring *r;
	uint64_t cookie;

	if (!o || bpf_observer_slot(o, 0, &err) || unshare(CLONE_NEWNET))
		die(&err);
	r = bpf_ring_open(o, 0, on_event, &s, &err);
	if (!r || bpf_netns_cookie(&cookie, &err) ||
	        bpf_observer_watch(o, 0, HOST_CLIENT, cookie, &err) ||
	        bpf_ring_start(r, s.base, &err))
		die(&err);
	fall_asleep(&s);
	something_happens();
	tap(wait_ms(&s, PATIENCE_MS) > 0, "a reader that sleeps is woken");
	fall_asleep(&s);
	something_happens();
	tap(bpf_ring_consume(r) > 0, "what is there can be read at once");
	fall_asleep(&s);
	something_happens();
	tap(wait_ms(&s, PATIENCE_MS) > 0, "and the reader is woken as before");
	printf("1..3\n");
	bpf_ring_close(r);
	event_base_free(s.base);
	bpf_observer_free(o);
	return bad;
}
