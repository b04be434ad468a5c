/* SPDX-License-Identifier: BSD-2-Clause */
/* The program around the connections: its loop, its flags, its limits. */
#include "peer.h"
#include "control.h"
#include "core/err.h"
#include "report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	struct conn *c;

	(void)fd, (void)what;
	report_flush(p);
	while ((c = TAILQ_FIRST(&p->dead))) {
		TAILQ_REMOVE(&p->dead, c, entry);
		free(c);
	}
}

void peer_turn_end(struct peer *p)
{
	event_active(&p->turn_end, 0, 0); /* it goes behind all that is active now */
}

/* As many descriptors as we may have: a laboratory wants thousands of connections. */
static void raise_limit(const char *name)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 ||
	        (r.rlim_cur = r.rlim_max, setrlimit(RLIMIT_NOFILE, &r) < 0))
		fprintf(stderr, "%s: limit of open files: %m\n", name);
}

static struct event_base *new_base(void)
{
	struct event_config *config = must(event_config_new());
	struct event_base *base;

	event_config_require_features(config, EV_FEATURE_ET);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct peer *peer_new(const struct program *program)
{
	struct peer *p = must(calloc(1, sizeof *p));

	p->program = program;
	p->base = new_base();
	if (!p->base) {
		fprintf(stderr, "%s: no event loop with edge-triggered events\n", program->name);
		exit(3);
	}
	signal(SIGPIPE, SIG_IGN);
	raise_limit(program->name);
	TAILQ_INIT(&p->conns);
	TAILQ_INIT(&p->dead);
	event_assign(&p->turn_end, p->base, -1, 0, on_turn_end, p);
	report_open(p);
	p->behaviour = &behaviour_idle;
	p->accepting = p->reading = true;
	report(p, "ready", "%s", "");
	return p;
}

int peer_run(struct peer *p, bool by_hand)
{
	control_open(p, by_hand);
	event_base_dispatch(p->base);
	/* The loop has no end of its own: control.c ends the program. */
	fprintf(stderr, "%s: the event loop failed: %m\n", p->program->name);
	exit(3);
}

void peer_quit(struct peer *p, int code)
{
	report_flush(p);
	_exit(code);
}

void peer_sync(struct peer *p)
{
	if (p->program->sync)
		p->program->sync(p);
}

/* Each connection's edge may have come while nobody read. */
static void pull_all(struct peer *p)
{
	struct conn *c = TAILQ_FIRST(&p->conns), *next;

	for (; c; c = next) {
		next = TAILQ_NEXT(c, entry);
		conn_pull(c);
	}
}

void peer_set_reading(struct peer *p, bool on)
{
	p->reading = on;
	pull_all(p);
}

void peer_behave(struct peer *p, const struct behaviour *b)
{
	p->behaviour = b;
	p->held = false;
	p->accepting = !b->never_accepts;
	peer_sync(p);
	peer_set_reading(p, !b->never_reads);
}
