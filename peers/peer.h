/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer: a program that opens or accepts TCP connections and ends them in a chosen way, as its
 * control channel tells it (docs/control-protocol.md).
 *
 * How it works. One thread, one libevent loop, plain events. Each connection has one event, for
 * both directions and edge-triggered, added once when the socket is made and deleted when it is
 * closed, forgotten or broken. So nothing is registered again when reading stops or output waits,
 * and a socket that nobody reads any more cannot keep the loop busy. The price is that an edge
 * comes once: whoever starts reading or sending must try at once (conn_pull, conn_push), and both
 * go on until EAGAIN.
 *
 *	           connect()                accept4()
 *	CONNECTING ---------> OPEN <----------------
 *	    | fails            | eof: the other side's FIN was read
 *	    |                  | shut: our FIN was sent
 *	    |                  | broken: reset, or another error; no more events
 *	    v                  v
 *	   gone <------------ close(), or forgotten with its descriptor open (leak)
 *
 * A hook may close the connection that it is called for. What is gone is out of the list and has
 * fd -1, but its memory stays until the loop's turn ends: test conn_is_gone() after every hook.
 */
#ifndef LASTACK_PEER_H
#define LASTACK_PEER_H

#include "behaviour.h"
#include "core/addr.h"
#include "job.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

struct conn;
struct evbuffer;
struct verb;

/* Who opened a connection and wants to know what becomes of it; embedded in its owner. */
struct opener {
	void (*connected)(struct opener *o, struct conn *c);
	void (*ended)(struct opener *o, struct conn *c); /* eof or reset, and no hook took it */
	void (*gone)(struct opener *o);                  /* also when connecting failed */
};

/* Bytes that a command or a behaviour wants sent. */
struct output {
	struct output *next;
	struct job *job; /* NULL: no command asked for it */
	uint64_t left;
};

struct conn {
	TAILQ_ENTRY(conn) entry;
	struct peer *peer;
	struct opener *opener;
	struct event event;
	unsigned id;
	int fd;
	uint64_t cookie;
	struct tuple tuple;
	struct output *output, **output_end;
	bool connecting;
	bool eof, shut, broken;
	bool closing; /* told to close, and not finished: half_close */
};

/* What the server and the client bring along. */
struct program {
	const char *name;
	const struct verb *verbs; /* ends with a NULL name */
	/* Peer flags have changed, or a descriptor has become free. NULL: nobody cares. */
	void (*sync)(struct peer *p);
	/* Takes in what has already happened, before a command is carried out. */
	void (*catch_up)(struct peer *p);
};

struct peer {
	const struct program *program;
	struct event_base *base;
	struct event control, flush, turn_end;
	struct evbuffer *reports;
	bool out_waits; /* standard output is full: `flush` waits for room */
	bool out_polls; /* it is a pipe or a socket */
	const struct behaviour *behaviour;
	bool accepting, reading;
	bool held;  /* nothing is done but what a command says */
	bool quiet; /* no reports about single connections but failures */
	int rcvbuf, sndbuf;
	bool keepalive; /* SO_KEEPALIVE on the sockets made from now on */
	unsigned last_id;
	unsigned failures; /* reported so far */
	TAILQ_HEAD(conn_list, conn) conns, dead;
};

/* Errors here are the end of the program: it prints and exits. */
struct peer *peer_new(const struct program *program);

/*
 * Runs until standard input ends. `by_hand`: orders came from the command line, and a standard
 * input that cannot be waited for (/dev/null, a file) is left alone.
 */
int peer_run(struct peer *p, bool by_hand) __attribute__((noreturn));

/* Writes the reports that standard output takes at once, and ends the program. */
void peer_quit(struct peer *p, int code) __attribute__((noreturn));

void peer_behave(struct peer *p, const struct behaviour *b);
void peer_set_reading(struct peer *p, bool on);
void peer_sync(struct peer *p);
void peer_turn_end(struct peer *p); /* have reports written, and the dead freed, this turn */

/* conn.c: the life of a connection */

struct conn *conn_new(struct peer *p, struct opener *o); /* fd -1, not connecting */
int conn_watch(struct conn *c);                          /* starts its event. 0, or -1 and errno */
void conn_learn(struct conn *c); /* its cookie and its local name, from its descriptor */
void conn_fail(struct conn *c, const char *call, int error); /* before it was open: gone */
bool conn_is_gone(const struct conn *c);

void conn_finish(struct conn *c); /* close as the behaviour does */
void conn_close(struct conn *c);
void conn_abort(struct conn *c);                               /* close with SO_LINGER 0 */
void conn_shutdown(struct conn *c);                            /* SHUT_WR */
void conn_forget(struct conn *c);                              /* leaks the descriptor */
void conn_ended(struct conn *c, void (*hook)(struct conn *c)); /* `hook`, or the opener's */

/* flow.c: what goes in and out */

void conn_pull(struct conn *c); /* reads, or looks for errors where it may not read */
void conn_push(struct conn *c); /* sends what waits */
void conn_send(struct conn *c, uint64_t bytes, struct job *job); /* job: may be NULL */
void conn_drop_output(struct conn *c);                           /* what waits will not be sent */

#endif
