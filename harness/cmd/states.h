/* SPDX-License-Identifier: BSD-2-Clause */
/* What `lastack states` is made of: an inventory, its summary, and two ways to print them. */
#ifndef LASTACK_STATES_H
#define LASTACK_STATES_H

#include "cmd/out.h"
#include "observe/inventory.h"

/* One line of the summary: a program, or a kind of holder that is none. */
struct states_group {
	char name[64]; /* "nginx", "(minisocket)", "(not accepted by nginx)" */
	enum holder holder;
	unsigned processes; /* that hold its sockets; 0 when it is no program */
	unsigned total, count[ST_COUNT];
	unsigned again[ST_COUNT];  /* of these: their last segment was sent again */
	unsigned shared[ST_COUNT]; /* of these: other processes hold them as well */
	unsigned recv_waiting;     /* sockets with bytes that nobody has read */
};

typedef ARRAY(struct states_group) states_groups;

/* By program, the one with most sockets first. */
states_groups states_summary(const struct inventory *inv);

/* A process that has descriptors of TCP sockets without a connection: those are in no list. */
struct states_unconnected {
	pid_t pid;
	unsigned descriptors;
};

/*
 * Of the inventory's process at *at, an index that begins with 0 and is moved to the next one. 0:
 * there is no more, or it was not asked for, or the kernel does not tell.
 */
int states_unconnected(const struct inventory *inv, size_t *at, struct states_unconnected *ret);

/* Sentences about well-known cases that these sockets show: at most `max`, owned by the caller. */
size_t states_hints(
        const struct inventory *inv, const states_groups *groups, char *hints[], size_t max);
#define MOST_HINTS 16

/*
 * Where a connection may belong to any of several listeners, so many of them are named, and so many
 * owners of each: a server with a hundred workers has all of them in all of their processes.
 */
#define MOST_LISTENERS 8
#define MOST_OWNERS    4

/* Fewer are no news: on a healthy machine some are on their way. */
#define SEVERAL 10

/* The pair of addresses, with the remote port, towards which most local ports are taken. */
struct port_pressure {
	struct endpoint local, remote; /* local.port is 0 */
	unsigned taken, time_wait;     /* of them in TIME_WAIT */
	unsigned range;                /* how many ephemeral ports there are */
};

/* 1 when at least half of the ports are taken there: from then on connect() feels it. */
int states_port_pressure(const struct inventory *inv, struct port_pressure *ret);

/* The states as people look for them, LISTEN first. */
extern const enum tcp_state states_shown_order[ST_COUNT];

/* In the order in which they are shown: by state, and where they are not too many by address.
 * *ret_n indices, owned by caller. */
uint32_t *states_order(const struct inventory *inv, size_t *ret_n);

void states_print_text(struct out *o, const struct inventory *inv, int colour);
void states_print_json(struct out *o, const struct inventory *inv, const char *where);

#endif
