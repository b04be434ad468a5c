/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scenario: one claim about how a TCP connection ends, and how to find out. Plain data; load/
 * makes it from YAML, netns/ and run.c build and act it, expect/ judges it, report/ tells of it.
 *
 * All strings belong to the scenario; scenario_free() ends them all.
 */
#ifndef LASTACK_SCENARIO_H
#define LASTACK_SCENARIO_H

#include "core/array.h"
#include "core/tcp_state.h"
#include "model/conntrack.h"
#include "model/event.h"
#include "model/kernel.h"

#include <stdint.h>

/* Where in the file: both from 1. */
struct mark {
	unsigned line, column;
};

/* What the bounds of a range are. The judge makes a window of time of all but the first. */
enum range_kind {
	RANGE_BOUNDS,        /* themselves */
	RANGE_TIMER,         /* "60s": the length of a kernel timer, which fires a little later */
	RANGE_RETRANSMITTED, /* "3 retransmissions": until what was sent so often again is heard */
	RANGE_GIVEN_UP,      /* "given up": until the kernel gives an orphan up */
};

/* A number or a comparison: `3`, `">= 90"`, `"200ms .. 300ms"`. Inclusive; durations are in ns. */
struct range {
	int64_t lo, hi;
	enum range_kind kind; /* not RANGE_BOUNDS: lo == hi */
};

/* A list of words, all owned. */
typedef ARRAY(char *) words;

struct sysctl_setting {
	struct mark at;
	char *name;  /* "net.ipv4.tcp_fin_timeout" */
	char *value; /* as text */
};

typedef ARRAY(struct sysctl_setting) sysctls;

/* A ruleset in the language of nft, and where in the file it stands. */
struct nft_text {
	struct mark at;       /* of the value */
	unsigned first_line;  /* of the text in the file, 0: its lines are not those of the file */
	unsigned indent;      /* columns before the text in each line */
	unsigned first_extra; /* and before the first line of a text on the key's own line */
	char *text;           /* NULL: none */
};

struct host_spec {
	int present;        /* router: asked for */
	char *behaviour;    /* a name of peers/behaviours.def */
	unsigned addresses; /* how many addresses the host has, default 1 */
	unsigned backlog;   /* server's listen(), default 4096 */
	unsigned rcvbuf,
	        sndbuf; /* SO_RCVBUF, SO_SNDBUF of its sockets in bytes, 0: the kernel's choice */
	int keepalive;  /* SO_KEEPALIVE on its sockets */
	sysctls sysctls;
	struct nft_text nft; /* router: rules of its own */
	int masquerade;      /* router: what leaves towards the server has the router's address */
	int firewall; /* router: passes only connections that the client opened, as it knows them */
};

enum link_kind {
	LINK_AUTO, /* wire where rules, segments or paths need it, veth otherwise */
	LINK_VETH,
	LINK_WIRE,
};

/* What a number must lie in, inclusive. Zeroed, it takes all. */
struct bounds {
	int on;
	int64_t lo, hi;
};

/* Selects segments; a field at its "any" value selects all. */
struct segment_selector {
	int from;  /* HOST_CLIENT, HOST_SERVER, -1 any */
	int role;  /* enum segment_role, -1 any */
	int again; /* enum segment_sent */
	int fate;  /* for expectations: enum segment_fate, -1 any */
	/* For rules; zero is any: */
	unsigned connection;          /* on this wire, from 1 */
	unsigned port;                /* of either end */
	unsigned flags_on, flags_off; /* enum segment_flags: set, not set */
	struct bounds ordinal;        /* of this role, direction and connection, from 1 */
	struct bounds length;         /* payload bytes */
	struct bounds seq;            /* after the sender's SYN: the first byte of data is 1 */
	struct bounds age_ns;         /* since the connection's first segment */
	struct bounds time_ns;        /* since the wire began */
	enum tcp_state state[2];      /* of the client's end, of the server's, as segments tell */
};

/* "fin again from server dropped", as it is written in a scenario. Returns buf. */
#define SELECTOR_TEXT 80
const char *selector_format(const struct segment_selector *s, char *buf, size_t size);

/* What the fault `rewrite` sets in a segment. */
enum segment_change_bits {
	CHANGE_WINDOW = 1,
	CHANGE_MSS = 2,
	CHANGE_FLAGS = 4,
	CHANGE_TIMESTAMP = 8,
	CHANGE_NO_TIMESTAMP = 16, /* the option becomes padding */
};

struct segment_change {
	unsigned what; /* enum segment_change_bits */
	uint16_t window, mss;
	unsigned flags;
	int32_t timestamp; /* is added to TSval */
};

/* What a rule may carry for its fault: the keys of a scenario. */
#define RULE_PARAMETERS(P)                                                                         \
	P(BY, "by")           /* delay_ns */                                                       \
	P(JITTER, "jitter")   /* jitter_ns */                                                      \
	P(COUNT, "count")     /* count */                                                          \
	P(RATE, "rate")       /* rate */                                                           \
	P(BYTES, "bytes")     /* bytes */                                                          \
	P(SET, "set")         /* set */                                                            \
	P(SEGMENT, "segment") /* inject */                                                         \
	P(OFFSET, "offset")   /* offset */                                                         \
	P(BACK, "back")       /* back */

enum rule_parameter_bits {
#define PARAMETER_INDEX(id, key) RULE_INDEX_##id,
	RULE_PARAMETERS(PARAMETER_INDEX)
#undef PARAMETER_INDEX
	        RULE_PARAMETER_COUNT,
#define PARAMETER_BIT(id, key) RULE_##id = 1 << RULE_INDEX_##id,
	RULE_PARAMETERS(PARAMETER_BIT)
#undef PARAMETER_BIT
};

/* A rule of the wire: one fault for some segments. Counted for each connection unless in_total. */
struct wire_rule {
	struct mark at;
	char *action; /* a name of netns/faults.def */
	char *name;   /* by which a step removes it, or NULL */
	int off;      /* not before a step adds it */
	struct segment_selector select;
	unsigned skip;      /* let this many selected segments pass first */
	unsigned every;     /* then hit one of so many, the first of them; 0: each */
	double probability; /* of a hit, by the seed; 0: certain */
	unsigned times;     /* hit this many; 0 = all */
	int in_total;       /* count over all connections */
	uint64_t delay_ns;  /* of the faults that take a time */
	uint64_t jitter_ns; /* up to so much more, by the seed */
	unsigned count;     /* duplicate: further copies; reorder: segments that go first; 0: 1 */
	uint64_t rate;      /* limit: bits a second */
	unsigned bytes;     /* truncate, inject: of payload; too_big: the MTU */
	struct segment_change set;
	enum segment_role inject; /* what is put in: syn, data, fin, rst, ack */
	int32_t offset;           /* inject: from the sequence number that fits */
	int back;                 /* inject: to the host that sent the selected segment */
	char *text;               /* "drop last-ack from client, twice": for reports */
};

/* What a step does. Each takes some of the parameters of struct step. */
#define STEP_ACTIONS(A)                                                                            \
	A(CONNECT, "connect", "open connections: {connect: 10}")                                   \
	A(SEND, "send", "send bytes on each connection: {send: 1000}")                             \
	A(CLOSE, "close", "close() connections: {close: all}, {close: 3}")                         \
	A(SHUTDOWN, "shutdown", "shutdown(SHUT_WR): a half-close")                                 \
	A(ABORT, "abort", "close with SO_LINGER 0: a reset")                                       \
	A(CHURN, "churn", "connect and close, one after the other, so many times")                 \
	A(ACCEPT, "accept", "begin or stop accepting: {accept: off}")                              \
	A(READ, "read", "begin or stop reading: {read: off}")                                      \
	A(HOLD, "hold",                                                                            \
	        "do nothing more of its own accord until it is started again, whatever arrives, "  \
	        "on connections that it accepts later too: {hold: all}")                           \
	A(KILL, "kill", "send the program a signal: {kill: SIGKILL}")                              \
	A(START, "start", "start the program again after a kill")                                  \
	A(SYSCTL, "sysctl", "set sysctls of the host")                                             \
	A(RELEASE, "release", "let held segments go: {wire: {release: all}}")                      \
	A(ADD, "add", "a rule of the wire from now on: {wire: {add: {drop: fin}}}")                \
	A(REMOVE, "remove", "no more of a rule: {wire: {remove: NAME}}, or all of them")           \
	A(NFT, "nft", "run these commands of nft in the router: {nft: \"flush ruleset\"}")         \
	A(CONNTRACK, "conntrack", "make the router forget connections: {conntrack: flush}")        \
	A(EXPECT, "expect", "wait until all of these hold")

enum step_action {
#define ACTION_ENUM(id, name, help) DO_##id,
	STEP_ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
	        DO_COUNT
};

extern const char *const step_action_names[DO_COUNT];
extern const char *const step_action_helps[DO_COUNT];

/* One state of a path, and how long the socket stayed in it. */
struct path_state {
	enum tcp_state state;
	int has_stay;
	struct range stay;
};

/*
 * One thing that must be so. `kind` is a name of expect/expectations.def; which of the other fields
 * it reads is up to the kind.
 */
struct expectation {
	struct mark at;
	const char *kind;     /* static: "population", "path", "segment", "counter", "error",
	                         "descriptors" ... */
	enum host host;       /* or ACTOR_WIRE */
	char *key;            /* as written: "CLOSE_WAIT", "TcpExt.TWRecycled", "fin from server" */
	enum tcp_state state; /* population */
	int error;            /* error: the errno */
	enum conntrack_state conntrack;  /* conntrack: of the entries, or CT_ANY */
	struct segment_selector segment; /* segment, gaps */
	struct range want;
	ARRAY(struct path_state) path;
	ARRAY(struct segment_selector) order;
	ARRAY(struct range) gaps; /* gaps: of durations; empty: the kernel's ladder, `backoff` */
};

#define ALL UINT32_MAX

struct step {
	struct mark at;
	enum step_action action;
	enum host actor; /* or ACTOR_WIRE, ACTOR_BOTH; ACTOR_LAB for expect */
	unsigned count;  /* connections, or ALL */
	uint64_t bytes;  /* send */
	double rate;     /* connect, churn: a second; 0 as fast as it goes */
	unsigned to;     /* connect, churn: which address of the server, from 1 */
	unsigned from;   /* connect, churn: which address of the client, from 1; 0: the kernel's
	                    choice */
	int on;          /* accept, read */
	int signal;      /* kill */
	int rule;        /* add, remove: index into scenario.rules; remove: -1 all */
	char *rule_text; /* add: the rule's text; remove: its name, NULL all */
	int no_wait;     /* the step ends when the command is given, not when it has settled */
	sysctls sysctls;
	struct nft_text nft;
	ARRAY(struct expectation) expectations;
	uint64_t after_ns; /* begin this long after the step before ended */
	int has_after;
	uint64_t within_ns;         /* expect: deadline; 0: WITHIN_NS and what its stays ask for */
	uint64_t for_ns;            /* must hold all this time */
	struct kernel_guard kernel; /* expect: of other kernels it is not known */
};

#define WITHIN_NS (2 * 1000000000ull)

struct scenario {
	char *path; /* the file it came from */
	char *name; /* "close/last-ack-lost-once" */
	char *claim, *source;
	words tags;
	words needs; /* names of model/capability.h */
	struct kernel_guard kernel;
	int families; /* bit 0: IPv4, bit 1: IPv6 */
	enum link_kind link;
	struct host_spec hosts[HOST_COUNT];
	ARRAY(struct wire_rule) rules;
	ARRAY(struct step) steps;
};

void scenario_free(struct scenario *s); /* NULL is fine */
int scenario_has_tag(const struct scenario *s, const char *tag);
/* The slow tier: what takes kernel time of many seconds. */
int scenario_is_slow(const struct scenario *s);
/* Whether its router tracks connections. */
int scenario_tracks(const struct scenario *s);
/* LINK_AUTO resolved. */
enum link_kind scenario_link(const struct scenario *s);

#endif
