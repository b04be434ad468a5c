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
};

/* Decides on engine, pairs and flows (told in r), and prepares the workers. */
void crew_plan(struct crew *c, const struct bench_config *config, const struct bench_lab *lab,
        int full_fd, struct bench_result *r);

/* Starts all, servers first: a client must find its port open. Then crew_go(). */
int crew_start(struct crew *c, struct err *err);
void crew_go(struct crew *c);

/* All end; clients first, so that a server's end isn't taken for the network's. */
void crew_stop(struct crew *c);
void crew_free(struct crew *c);

/* While they run: what has been done so far. */
void crew_totals(const struct crew *c, struct bench_sample *ret);

/* The earliest EADDRNOTAVAIL of them; 0 when there was none. */
int crew_full(const struct crew *c, struct bench_full *ret);

/* After they have ended. `before` is the whole process's use of the CPU when they began. */
void crew_add_up(const struct crew *c, const struct rusage *before, struct bench_result *r);

#endif
