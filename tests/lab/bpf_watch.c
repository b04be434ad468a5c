/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches two network namespaces until its standard input ends, and says what it saw:
 *
 *   bpf_watch [-c] [-q] [-v] [-r BYTES] CLIENT SERVER
 *
 * Names of `ip netns`; -c counts only, -q without the records that say nothing about states, -v
 * follows every socket from step to step, -r the size of the ring.
 */
#include "core/clock.h"
#include "observe/bpf.h"
#include "observe/netns_enter.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uthash.h>

struct follow {
	uint64_t cookie;
	enum tcp_state state;
	UT_hash_handle hh;
};

struct seen {
	uint64_t events, time_waits;
	uint64_t deeds[KERNEL_DEED_COUNT];
	int verify;
	uint64_t strange; /* steps from a state that the socket was not in */
	struct follow *followed;
	struct event_base *base;
};

static void die(const struct err *err)
{
	fprintf(stderr, "bpf_watch: %s\n", err->text);
	exit(err->kind == ERR_MISSING ? 4 : 1);
}

/* Every step of a socket begins where the one before has ended. */
static void follow(struct seen *s, const struct event *e)
{
	struct follow *f;

	HASH_FIND(hh, s->followed, &e->cookie, sizeof e->cookie, f);
	if (!f) {
		s->strange += e->state.from != ST_NONE && e->state.from != ST_SYN_RECV;
		f = must(calloc(1, sizeof *f));
		f->cookie = e->cookie;
		HASH_ADD(hh, s->followed, cookie, sizeof f->cookie, f);
	} else {
		s->strange += f->state != e->state.from;
	}
	f->state = e->state.to;
	if (f->state == ST_CLOSE) {
		HASH_DEL(s->followed, f);
		free(f);
	}
}

static void on_event(void *arg, const struct event *e)
{
	struct seen *s = arg;

	s->events++;
	if (e->kind == EV_KERNEL)
		s->deeds[e->kernel.deed]++;
	if (e->kind != EV_STATE)
		return;
	s->time_waits += e->state.to == ST_TIME_WAIT;
	if (s->verify)
		follow(s, e);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct seen *s = arg;
	char drop[64];

	(void)what;
	if (read((int)fd, drop, sizeof drop) <= 0)
		event_base_loopbreak(s->base);
}

static void watch(struct bpf_observer *o, enum host h, const char *name)
{
	struct err err = {0};
	uint64_t cookie;

	if (netns_enter_name(name, &err) || bpf_netns_cookie(&cookie, &err) ||
	        bpf_observer_watch(o, 0, h, cookie, &err))
		die(&err);
}

static void print_counts(const struct bpf_observer *o)
{
	struct err err = {0};
	struct bpf_counts c;

	for (int h = HOST_CLIENT; h <= HOST_SERVER; h++) {
		if (bpf_observer_counts(o, 0, (enum host)h, &c, &err))
			die(&err);
		printf("%s-established %llu\n%s-minisockets %llu\n", actor_names[h],
		        (unsigned long long)c.entered[ST_ESTABLISHED], actor_names[h],
		        (unsigned long long)c.minisockets);
	}
}

static void print_cost(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	printf("cpu-ms %ld\n", u.ru_utime.tv_sec * 1000 + u.ru_utime.tv_usec / 1000 +
	                               u.ru_stime.tv_sec * 1000 + u.ru_stime.tv_usec / 1000);
}

int main(int argc, char **argv)
{
	struct bpf_options options = {0};
	struct seen seen = {0};
	struct bpf_observer *o;
	struct bpf_ring *r;
	struct err err = {0};
	struct event *input;
	uint64_t begun = clock_now_ns();
	int c;

	while ((c = getopt(argc, argv, "cqvr:")) != -1) {
		options.counts_only |= c == 'c';
		options.quick |= c == 'q';
		seen.verify |= c == 'v';
		if (c == 'r')
			options.ring_bytes = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (argc - optind != 2)
		return 2;
	o = bpf_observer_new(&options, &err);
	if (!o || bpf_observer_slot(o, 0, &err))
		die(&err);
	fprintf(stderr, "startup-ms %.1f\n", (double)(clock_now_ns() - begun) / 1e6);
	r = bpf_ring_open(o, 0, on_event, &seen, &err);
	if (!r)
		die(&err);
	seen.base = event_base_new();
	watch(o, HOST_CLIENT, argv[optind]);
	watch(o, HOST_SERVER, argv[optind + 1]);
	if (bpf_ring_start(r, seen.base, &err))
		die(&err);
	input = event_new(seen.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &seen);
	event_add(input, NULL);
	fprintf(stderr, "watching\n");
	event_base_dispatch(seen.base);
	bpf_ring_consume(r);
	printf("events %llu\ntime-waits %llu\nlost %llu\n", (unsigned long long)seen.events,
	        (unsigned long long)seen.time_waits, (unsigned long long)bpf_ring_lost(r));
	for (int i = 0; i < KERNEL_DEED_COUNT; i++)
		printf("%s %llu\n", kernel_deed_names[i], (unsigned long long)seen.deeds[i]);
	printf("strange %llu\nleft %u\n", (unsigned long long)seen.strange,
	        HASH_COUNT(seen.followed));
	print_counts(o);
	print_cost();
	event_free(input);
	bpf_ring_close(r);
	event_base_free(seen.base);
	bpf_observer_free(o);
	return 0;
}
