/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections are opened. */
#ifndef LASTACK_OPEN_H
#define LASTACK_OPEN_H

#include "peers/command.h"
#include "peers/peer.h"

/* From where and to where. `from`: family 0 is the kernel's choice, port 0 its choice of port. */
struct route {
	struct endpoint to, from;
};

int route_parse(const struct command *c, const char *to, struct route *ret, struct err *err);

/* Begins to connect. Its failure, also one at once, is reported, and o->gone() called. */
void conn_open(struct peer *p, const struct route *r, struct opener *o);

/* When the i-th of a series that runs at a rate is due; with rate 0, at once. */
uint64_t due_ns(uint64_t start_ns, double rate, unsigned long i);

int connect_run(struct peer *p, const struct command *c, struct job *j, struct err *err);
int churn_run(struct peer *p, const struct command *c, struct job *j, struct err *err);

#endif
