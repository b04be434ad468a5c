/* SPDX-License-Identifier: BSD-2-Clause */
/* All workers of a run: the servers, then the clients, in one array. */
#ifndef LASTACK_BENCH_CREW_H
#define LASTACK_BENCH_CREW_H

#include "lab.h"
#include "worker.h"

struct crew {
	struct worker *workers;
	unsigned n_servers, n_clients;
	sem_t ready;
	int have_ready;
	struct quota quota; /* of config->max_conns */
};

/*
 * Decides on engine, pairs and flows (told in r), and prepares the workers. The two eventfds are
 * told of the first EADDRNOTAVAIL, and of the last connection of config->max_conns.
 */
void crew_plan(struct crew *c, const struct bench_config *config, const struct bench_lab *lab,
        int full_fd, int done_fd, struct bench_result *r);

/* Starts all, servers first: a client must find its port open. Then crew_go(). */
int crew_start(struct crew *c, struct err *err);
void crew_go(struct crew *c);

/* The clients begin no more connections. */
void crew_finish(struct crew *c);

/* All end; clients first, so that a server's end isn't taken for the network's. */
void crew_stop(struct crew *c);
void crew_free(struct crew *c);

/* While they run: what has been done so far, and how many connections are under way. */
void crew_totals(const struct crew *c, struct bench_sample *ret);
uint64_t crew_in_flight(const struct crew *c);

/* The earliest EADDRNOTAVAIL of them; 0 when there was none. */
int crew_full(const struct crew *c, struct bench_full *ret);

/* After they have ended. `before` is the whole process's use of the CPU when they began. */
void crew_add_up(const struct crew *c, const struct rusage *before, struct bench_result *r);

#endif
