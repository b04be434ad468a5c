/* SPDX-License-Identifier: BSD-2-Clause */
/* A run told by hand: a scenario in YAML, and events one after the other, put to the judge. */
#ifndef LASTACK_TESTS_STORY_H
#define LASTACK_TESTS_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "expect/judge.h"
#include "expect/ledger.h"
#include "load/yaml.h"

#include <errno.h>
#include <string.h>

#define ORIGIN (1000 * NS_PER_S)
#define HEAD   "claim: a test\n"

struct story {
	struct scenario *s;
	struct timeline t;
	struct judge *j;
	struct verdict v;
};

static inline void story_begin(struct story *st, const char *yaml)
{
	struct err err = {0};

	memset(st, 0, sizeof *st);
	st->s = scenario_parse(yaml, strlen(yaml), "test.yaml", &err);
	if (!st->s)
		fail_msg("%s", err.text);
	st->t.head = (struct timeline_head){
	        .origin_ns = ORIGIN, .hz = 250, .family = 4, .link = "veth", .congestion = "reno"};
	st->t.head.observers = 1u << SRC_RUNNER | 1u << SRC_SOCK_DIAG | 1u << SRC_PEER |
	                       1u << SRC_SNMP | 1u << SRC_OWNERS;
	st->j = judge_new(st->s, &st->t.head);
}

static inline void story_end(struct story *st)
{
	judge_free(st->j);
	verdict_free(&st->v);
	timeline_free(&st->t);
	scenario_free(st->s);
}

static inline void story_tell(struct story *st, struct event e)
{
	array_push(&st->t.events, e);
	judge_feed(st->j, &e, st->t.events.n - 1);
}

static inline uint64_t at_ms(double ms)
{
	return ORIGIN + (uint64_t)(ms * 1e6);
}

static inline struct event plain(double ms, enum event_kind kind, enum source source, int host)
{
	return (struct event){
	        .t_ns = at_ms(ms), .kind = kind, .source = source, .host = (enum host)host};
}

static inline void story_step(struct story *st, double ms, unsigned step, enum step_phase phase)
{
	struct event e = plain(ms, EV_STEP, SRC_RUNNER, ACTOR_LAB);

	e.step.index = step;
	e.step.phase = phase;
	story_tell(st, e);
}

static inline void story_tick(struct story *st, double ms)
{
	story_tell(st, plain(ms, EV_TICK, SRC_RUNNER, ACTOR_LAB));
}

static inline void story_sample(struct story *st, double ms)
{
	story_tell(st, plain(ms, EV_SAMPLE, SRC_SOCK_DIAG, HOST_CLIENT));
	story_tell(st, plain(ms, EV_SAMPLE, SRC_SOCK_DIAG, HOST_SERVER));
}

/* The n-th connection, as that host sees it. */
static inline struct tuple tuple_of(int host, unsigned n)
{
	struct tuple t = {.local = {.family = AF_INET, .port = (uint16_t)(40000 + n)},
	        .remote = {.family = AF_INET, .port = 5000}};

	memcpy(t.local.addr, (const uint8_t[]){198, 18, 0, 1}, 4);
	memcpy(t.remote.addr, (const uint8_t[]){198, 19, 0, 1}, 4);
	return host == HOST_CLIENT ? t : tuple_reversed(&t);
}

static inline uint64_t cookie_of(int host, unsigned n)
{
	return 100u * (unsigned)host + n;
}

static inline struct event about(
        double ms, enum event_kind kind, enum source source, int host, unsigned n)
{
	struct event e = plain(ms, kind, source, host);

	e.cookie = cookie_of(host, n);
	e.tuple = tuple_of(host, n);
	return e;
}

/* Into `to` within (since, ms]. */
static inline void story_state(struct story *st, double since, double ms, int host, unsigned n,
        enum tcp_state from, enum tcp_state to)
{
	struct event e = about(ms, EV_STATE, SRC_WIRE, host, n);

	e.state.from = from;
	e.state.to = to;
	e.state.since_ns = at_ms(since);
	story_tell(st, e);
}

static inline void story_socket(
        struct story *st, double ms, int host, unsigned n, struct ev_socket details)
{
	struct event e = about(ms, EV_SOCKET, SRC_SOCK_DIAG, host, n);

	e.socket = details;
	story_tell(st, e);
}

static inline void story_peer(
        struct story *st, double ms, int host, unsigned n, enum peer_verb verb, uint64_t value)
{
	struct event e = about(ms, EV_PEER, SRC_PEER, host, n);

	e.peer.verb = verb;
	e.peer.connection = n;
	if (verb == PEER_DONE || verb == PEER_EXITED || !n) {
		memset(&e.tuple, 0, sizeof e.tuple);
		e.cookie = e.peer.connection = 0;
	}
	if (verb == PEER_DONE)
		e.peer.command = (unsigned)value;
	else if (verb == PEER_EXITED)
		e.peer.status = (int)value;
	else if (verb == PEER_FAILED)
		e.peer.error = (int)value;
	else
		e.peer.bytes = value;
	story_tell(st, e);
}

static inline void story_text(struct story *st, double ms, enum event_kind kind, const char *text)
{
	struct event e = plain(ms, kind, SRC_RUNNER, ACTOR_LAB);

	snprintf(e.text, sizeof e.text, "%s", text);
	story_tell(st, e);
}

static inline void story_verdict(struct story *st)
{
	verdict_free(&st->v);
	judge_verdict(st->j, &st->v);
}

static inline enum answer_kind rule_kind(struct story *st)
{
	return judge_rule(st->j).kind;
}

static inline void expect_error(struct story *st, const char *why)
{
	assert_int_equal(rule_kind(st), ANSWER_FAILS);
	story_step(st, 50, 0, STEP_FAILS);
	story_verdict(st);
	assert_int_equal(st->v.kind, VERDICT_ERROR);
	assert_string_equal(st->v.why, why);
	story_end(st);
}

#endif
