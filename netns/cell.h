/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell: a process tree in mount, PID and network (without root, also user) namespaces of its own,
 * with hosts in it.
 *
 *   controller            cell_spawn()
 *     '-- runner          init of the cell: cell_build(), then everything else of one run
 *           |-- client    in the namespace "client"
 *           '-- server    in the namespace "server"
 *
 * The runner is killed by the kernel when the controller dies (PR_SET_PDEATHSIG), and everything in
 * the cell dies with its init; its namespaces, links, sysctls and mounts go with the last process.
 * So whatever kills the controller, nothing stays behind, and there is nothing to undo on the
 * machine: nothing there was changed.
 */
#ifndef LASTACK_CELL_H
#define LASTACK_CELL_H

#include "core/err.h"
#include "netns/topology.h"

#include <sys/types.h>

/* ---- in the controller ---- */

struct cell_process {
	pid_t pid;
	int channel; /* SOCK_SEQPACKET to the runner; it ends when the runner does */
};

/*
 * Starts `run(arg, channel)` as init of a new cell; its return value is the exit status. Only one
 * thread may exist, as with fork(). Every descriptor without O_CLOEXEC or with it is inherited.
 */
int cell_spawn(
        struct cell_process *ret, int (*run)(void *arg, int channel), void *arg, struct err *err);

/* Ends the cell and everything in it, and waits for that. */
void cell_end(struct cell_process *p);

/* ---- in the runner ---- */

struct cell {
	struct topology topology;
	int own;               /* the runner's network namespace */
	int space[HOST_COUNT]; /* of each host, -1 where there is none */
};

struct cell_config {
	struct topology topology;
	const char *congestion; /* NULL: reno */
	unsigned hash_entries;  /* buckets of the socket hash of the hosts, 0: 16384 */
	/*
	 * All that comes over a veth is taken in on this processor, counted from 1; 0: on the one
	 * that sent it. A timer of a socket may fire on another one than its program runs on (the
	 * kernel moves timers away from an idle processor), and what two processors send overtakes
	 * each other: TIME_WAIT then answers an ACK that a FIN has overtaken, and is reset.
	 */
	unsigned taken_in_on;
	/* Called when the hosts exist and their links do not: sysctls. In the namespace of the
	 * host. */
	int (*prepare)(void *arg, enum host h, struct err *err);
	/* Called, in the host's namespace, to make the device of a host whose link is not a veth.
	 */
	int (*device)(void *arg, enum host h, const char *name, struct err *err);
	void *arg;
};

int cell_build(struct cell *c, const struct cell_config *config, struct err *err);

/* The caller's network namespace becomes that of the host; cell_leave() takes it back. */
int cell_enter(const struct cell *c, enum host h, struct err *err);
int cell_leave(const struct cell *c, struct err *err);

/* The cookie of a host's namespace (SO_NETNS_COOKIE), 0 with err on failure. */
uint64_t cell_cookie(const struct cell *c, enum host h, struct err *err);

/*
 * Starts a program in a host. Its standard input, output and error are the three descriptors. `cpu`
 * is the only processor it may use, -1 for all.
 */
pid_t cell_exec(const struct cell *c, enum host h, char *const argv[], const int fds[3], int cpu,
        struct err *err);

#endif
