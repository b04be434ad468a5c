/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger: what the timeline has shown so far, so that an expectation need not read it again.
 * It is fed one event after the other and never looks ahead.
 *
 * Sockets come from transitions (EV_STATE) and dumps (EV_SOCKET), keyed by host and cookie. Where
 * both speak of one socket the transitions are believed, and a dump tells its details alone, unless
 * dumps contradict the last transition for a while: then the stream has a gap, and is known to.
 * Connections are what the peers report, keyed by host and the peer's own number.
 */
#ifndef LASTACK_LEDGER_H
#define LASTACK_LEDGER_H

#include "core/array.h"
#include "model/scenario.h"
#include "model/timeline.h"

#include <uthash.h>

#define LEDGER_ERRNOS 160

/* A socket went into `state` within (since_ns, t_ns]. */
struct stay {
	enum tcp_state state;
	uint64_t since_ns, t_ns;
	int found; /* a dump found it there; nobody saw it enter */
	size_t event;
};

struct socket_key {
	uint64_t cookie;
	uint32_t host;
	struct tuple tuple; /* zero when there is a cookie */
};

struct ledger_socket {
	struct socket_key key;
	enum host host;
	struct tuple tuple;
	int listened; /* was in LISTEN at some time: no connection */
	ARRAY(struct stay) path;
	/* How often its FIN was sent again in each state, as far as the kernel told. */
	uint16_t fin_again[ST_COUNT];
	int has_details;
	struct ev_socket details;
	uint64_t details_ns;  /* the moment of their reading */
	uint64_t disputed_ns; /* since then a dump and the transitions disagree; 0 they agree */
	UT_hash_handle hh;
};

struct connection_key {
	uint32_t host, life; /* a program that was started again counts from 1 again */
	uint32_t id;
};

struct ledger_connection {
	struct connection_key key;
	enum host host;
	struct tuple tuple;
	int connected, accepted, eof, shut, closed, failed;
	uint64_t sent, received;
	size_t connected_at, shut_at, closed_at, sent_at, failed_at; /* events */
	UT_hash_handle hh;
};

/* The newest connection of a host with this four-tuple. */
struct ledger_tuple {
	struct {
		uint32_t host;
		struct tuple tuple;
	} key;
	struct ledger_connection *connection;
	UT_hash_handle hh;
};

struct ledger_counter {
	struct {
		uint32_t host;
		char name[48];
	} key;
	int64_t value;
	UT_hash_handle hh;
};

/* One host's program and its namespace. */
struct ledger_host {
	unsigned population[ST_COUNT]; /* by state now; CLOSE: those that are gone */
	unsigned errors[LEDGER_ERRNOS];
	int sampled;
	size_t sample; /* the last EV_SAMPLE: its index and time */
	uint64_t sample_ns;
	int owned_known;
	size_t owned_at;
	unsigned descriptors;
	unsigned gaps; /* sockets whose story lacks a transition that a dump proves */
	unsigned life;
	int ready, listening, exited, status;
	size_t ready_at, listening_at, exited_at;
	unsigned done;          /* the highest command carried out */
	int deaf, unaccepting;  /* steps said so: read off or hold; accept off */
	int stopped, condemned; /* by a signal: stands still; may die */
};

/* Where addresses are translated: what one end calls `tuple` is `there` at the other. */
struct ledger_translation {
	struct {
		uint32_t host;
		struct tuple tuple;
	} key;
	struct tuple there;
	UT_hash_handle hh;
};

/* One segment of a connection of the wire, as much as its order and its times take. */
struct ledger_segment {
	uint64_t t_ns;    /* it came to the wire */
	uint32_t sent_ms; /* by the sender's own clock, if has_sent */
	uint32_t seq, ack, length;
	int rule;
	uint8_t role, from, fate, flags, has_sent;
	uint8_t again; /* enum segment_sent */
};

struct ledger_wire {
	unsigned connection;
	struct tuple tuple; /* the client's view */
	ARRAY(struct ledger_segment) segments;
	UT_hash_handle hh, by_tuple;
};

struct ledger {
	const struct scenario *scenario;
	const struct timeline_head *head;
	struct ledger_socket *sockets;
	struct ledger_connection *connections;
	struct ledger_tuple *tuples;
	struct ledger_counter *counters;
	struct ledger_translation *translations;
	struct ledger_host hosts[HOST_COUNT];
	/* by role, sender, again, fate */
	unsigned segments[ROLE_COUNT][HOST_COUNT][SENT_COUNT][FATE_COUNT];
	int keeps_wire;           /* an expectation asks for more than the numbers of segments */
	struct ledger_wire *wire; /* connections, in the order of their first segments */
	struct ledger_wire *wire_by_tuple; /* of those with the same tuple the newest */
	unsigned conntrack[CT_COUNT];      /* entries of the router, by state */
	unsigned kinds[EV_COUNT];          /* how many events of each kind there were */
	uint64_t now_ns;                   /* the latest moment that any event spoke of */

	ARRAY(uint64_t) steps_ns; /* when each began */
	/* Of the step under way, kept by the judge: */
	size_t step_event;     /* its EV_STEP begin */
	uint64_t step_from_ns; /* its clock began; nothing older is fresh */
};

struct ledger *ledger_new(const struct scenario *s, const struct timeline_head *head);
void ledger_free(struct ledger *l);
void ledger_feed(struct ledger *l, const struct event *e, size_t index);

/* Is a dump of this host younger than the step's beginning there? */
int ledger_fresh(const struct ledger *l, enum host h);

/* What a socket has sent and received: the newest connection with its four-tuple, or NULL. */
const struct ledger_wire *ledger_wire_of(const struct ledger *l, const struct ledger_socket *s);

enum tcp_state ledger_state(const struct ledger_socket *s);
/* A dump has shown it in the state that it is in: what its details say is of that state. */
int ledger_described(const struct ledger_socket *s);

/* The connection at the other end, or NULL while nobody there reported it. */
const struct ledger_connection *ledger_other_end(
        const struct ledger *l, const struct ledger_connection *c);

int64_t ledger_counter(const struct ledger *l, enum host h, const char *name);

/* Does this run show its segments? */
int ledger_sees_segments(const struct ledger *l);

/* Is it a segment of those? By role, sender, again and fate. */
int ledger_selects(const struct segment_selector *s, const struct ledger_segment *g);

/* Did this run have the observer? */
int ledger_had(const struct ledger *l, enum source s);

#endif
