/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The churn benchmark: how many connections a second, and what their ends leave behind.
 *
 * Theory of operation. A pair is a client worker and a server worker, two threads pinned to one
 * CPU, each with its own libevent loop, its own table of file descriptors (so that the kernel need
 * not count references) and its own port, so that a connection never leaves its CPU. The client
 * keeps N flows going; a flow opens a connection, sends a request, reads the response, closes, and
 * begins again. The main thread's loop samples what the kernel counts and ends the run: at its
 * time no flow begins again, those under way go on to their end, and when nothing is left, or
 * nothing moves any more, everything is counted. So what the kernel counts is of the very
 * connections that the workers count. Workers write their own counters only; the main thread reads
 * the few in `struct live` while they run, and all else after they have ended.
 */
#ifndef LASTACK_BENCH_H
#define LASTACK_BENCH_H

#include "core/addr.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/tcp_state.h"
#include "histogram.h"

#include <stdint.h>

enum bench_side { SIDE_CLIENT, SIDE_SERVER };
enum bench_how { HOW_FIN, HOW_RST, HOW_HALF };
enum bench_link { BENCH_VETH, BENCH_LOOPBACK, BENCH_WIRE };
enum bench_ports { PORTS_KERNEL, PORTS_RANGE, PORTS_BIND };
enum bench_observe { OBSERVE_NONE, OBSERVE_COUNT, OBSERVE_FULL };

struct bench_setting {
	char host[16]; /* client, server, all; both: in a result, where they are one */
	char key[96];
	char value[128];
};

/* A ruleset of nft for one host. */
struct bench_ruleset {
	char host[16]; /* client, server */
	char *path, *text;
};

struct bench_config {
	uint64_t for_ns; /* 0: until it is told to stop */
	unsigned flows;  /* a pair */
	unsigned pairs;  /* 0: one a CPU */
	double rate;     /* connections a second of all pairs together; 0: as fast as it goes */
	enum bench_side closer;
	enum bench_how how;
	size_t request, response;
	int family;
	enum bench_link link;
	const char *engine;
	unsigned dests, sources;
	enum bench_ports ports;
	enum bench_observe observe;
	struct endpoint against; /* family 0: our own server */
	struct endpoint serve;   /* the server only, on this machine; family 0: no */
	uint64_t max_conns;      /* exactly so many, and then stop; 0: no such end */
	int stop_when_full;      /* stop at the first EADDRNOTAVAIL */
	int progress;            /* a line on stderr each second */
	char label[96];          /* that it begins with; may be empty */
	ARRAY(struct bench_setting) set;
	ARRAY(struct bench_ruleset) rulesets;
};

/* What a call on a connection can be, for the histogram of errors. */
enum bench_call {
	CALL_SOCKET,
	CALL_OPTION,
	CALL_BIND,
	CALL_CONNECT,
	CALL_SEND,
	CALL_RECV,
	CALL_CLOSE,
	CALL_ACCEPT,
	CALL_COUNT
};
const char *bench_call_name(enum bench_call c);

/* The name of an errno; ENODATA is a stream that ended early. */
const char *bench_error_name(int error);

#define BENCH_ERRNO_MAX 134

struct bench_errors {
	uint64_t count[CALL_COUNT][BENCH_ERRNO_MAX];
};

/* How far a connection is that hasn't ended. */
enum bench_stage {
	STAGE_NONE, /* it isn't under way */
	STAGE_CONNECT,
	STAGE_TRANSFER, /* sending the request or receiving the response */
	STAGE_END,      /* waiting for the other side to end */
	STAGE_COUNT
};
const char *bench_stage_name(enum bench_stage s);

/* What was under way when the run was over, although its end was waited for. */
struct bench_in_flight {
	uint64_t n[STAGE_COUNT];
	uint64_t all, oldest_ns; /* since it began, or was due */
};

/* The first EADDRNOTAVAIL: when, and what was full. */
struct bench_full {
	uint64_t at_ns;           /* from the start; 0: it never happened */
	struct endpoint from, to; /* from: port 0; family 0 when the kernel chose the address */
	uint64_t ports_held, ports_all;
	uint64_t held_time_wait; /* of ports_held */
	int counted;             /* 0: ports_held could not be counted */
};

/* One side, added up over its workers. */
struct bench_cpu {
	uint64_t user_ns, system_ns;
};

/* What a host's kernel counts (the whole network namespace). */
struct bench_counts {
	uint64_t time_wait; /* with orphaned FIN_WAIT_2 minisockets, as sockstat has it; after the
	                       run: of those that came with it */
	uint64_t in_segs, out_segs, retrans, out_rsts, active_opens, passive_opens;
	uint64_t tw, tw_recycled, tw_killed, tw_overflow, listen_overflows, listen_drops;
	uint64_t abort_on_data, abort_on_close, delayed_acks, paws_active;
};

struct bench_sample {
	uint64_t at_ns; /* from the start */
	uint64_t done, errors;
	uint64_t time_wait[2];             /* by enum bench_side */
	uint64_t established[2], other[2]; /* OBSERVE_FULL: sockets of programs in other states */
};

#define BENCH_SAMPLES 1024

/* Samples over time in fixed memory: when full, every second one goes and the step doubles. */
struct bench_series {
	uint64_t step_ns;
	size_t n;
	struct bench_sample v[BENCH_SAMPLES];
};

#define BENCH_SYSCTLS 64
#define BENCH_CPUS    256

struct bench_result {
	uint64_t took_ns; /* of a server alone: from its first connection to its last; 0: fewer than
	                     two */
	uint64_t done, started, errors, unserved; /* unserved: due by --rate, never begun */
	uint64_t done_counted;                    /* of done, those before `after` was read */
	struct bench_in_flight in_flight;
	struct histogram connect, first_byte, life;
	struct bench_errors why;
	struct bench_full full;
	struct bench_cpu cpu[2], cpu_other;
	struct bench_counts before[2], after[2];
	uint64_t peak_time_wait[2];
	struct histogram stay[2][ST_COUNT]; /* OBSERVE_FULL with a stream: how long in each state */
	int have_stays;
	uint64_t stream_lost;      /* records of the stream */
	struct histogram counting; /* what it cost to count TIME_WAIT on both sides, each time */
	struct bench_series series;
	int interrupted;
	int have_client, have_server, have_counts;
	int have_samples;      /* TIME_WAIT was counted during the run too (not OBSERVE_NONE) */
	int one_namespace;     /* what is counted is of both sides, and under one of them */
	unsigned pairs, flows; /* effective */
	unsigned ports;        /* that connect() may choose from */
	const char *engine;
	char notes[1024]; /* lines: what was chosen differently from what was asked */
	struct bench_setting sysctls[BENCH_SYSCTLS]; /* effective; host by host */
	unsigned n_sysctls;
	char kernel[96];
	unsigned cpus[BENCH_CPUS], n_cpus; /* that the pairs are pinned to */
	uint64_t max_rss_kb;
};

/* Runs one benchmark. The result is large: allocate it. An interrupted run is no error. */
int bench_run(const struct bench_config *c, struct bench_result *ret, struct err *err);

/* Whether a side has counters of its own: with one namespace for all only one side has any. */
int bench_side_counts(const struct bench_result *r, enum bench_side side);
/* And whether these were read during the run too. */
int bench_side_sampled(const struct bench_result *r, enum bench_side side);

void bench_config_init(struct bench_config *c);
void bench_config_free(struct bench_config *c);

/* What stands behind a word for so many: "s", or nothing for one. */
const char *bench_plural(double n);

/* Adds a line to the notes of a result. */
void bench_note(struct bench_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
