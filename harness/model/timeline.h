/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline of one run: a header and events in the order in which they were put on. That order
 * is the order of judgement; t_ns may step back a little between observers.
 *
 * Saved as JSON lines: the header first, then one event a line, times in ns since `origin_ns`.
 */
#ifndef LASTACK_TIMELINE_H
#define LASTACK_TIMELINE_H

#include "core/array.h"
#include "core/err.h"
#include "model/event.h"

#include <stdio.h>

#define TIMELINE_SET 16 /* of --set at most */

struct timeline_head {
	uint64_t origin_ns; /* CLOCK_MONOTONIC when the cell was ready */
	unsigned hz;        /* of the kernel that ran it */
	unsigned family;    /* 4 or 6 */
	uint64_t seed;
	char scenario[256];  /* its name */
	char kernel[96];     /* uname -r */
	char link[16];       /* "veth", "veth+nft", "wire+tun", "wire+packet" */
	char congestion[16]; /* "reno" */
	unsigned observers;  /* bit set of enum source: what this run had */
	/* What the command line changed of the scenario: it was run so, and is judged so. */
	char set[TIMELINE_SET]
	        [192]; /* "server:net.ipv4.tcp_fin_timeout=5"; the last of a name counts */
	unsigned n_set;
	char options[64]; /* " --link wire --observers poll" */
};

/* What the command line set a host's sysctl to, NULL nothing. */
const char *timeline_set_value(const struct timeline_head *h, enum host host, const char *name);

struct timeline {
	struct timeline_head head;
	ARRAY(struct event) events;
};

void timeline_free(struct timeline *t); /* its contents, not t */

/* One line each, newline included. 0, or -1 with errno. */
int timeline_write_head(FILE *out, const struct timeline_head *h);
int timeline_write_event(FILE *out, const struct timeline_head *h, const struct event *e);

/* The same as an object of jansson, for those who have more to say of it. The caller's. */
struct json_t *timeline_event_json(const struct timeline_head *h, const struct event *e);

/* Reads a whole file. `name` is for the error text. */
int timeline_read(FILE *in, const char *name, struct timeline *ret, struct err *err);

#endif
