/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptors of all processes that name a socket, read in a thread of their own: a dump of the
 * sockets takes about as long, and neither waits for the other.
 */
#ifndef LASTACK_DESCRIPTORS_H
#define LASTACK_DESCRIPTORS_H

#include "core/array.h"
#include "core/err.h"

#include <stdint.h>
#include <sys/types.h>

struct owner {
	uint32_t inode; /* of the socket: one number for all network namespaces */
	pid_t pid;
	int fd;
	/*
	 * A TCP socket of our network namespace that is in none of the kernel's lists: its
	 * connection was reset, or it never had one. Only the kernel tells; else 0.
	 */
	int unconnected;
};

typedef ARRAY(struct owner) descriptors;

enum descriptors_by {
	DESCRIPTORS_QUICK, /* the quickest way: a walk while it is short, BPF where it can be had */
	DESCRIPTORS_WALK,  /* a walk through the descriptors of each process */
	DESCRIPTORS_THREADS, /* the same of each thread, which may have its own */
	DESCRIPTORS_BPF,     /* what the kernel says, threads included; an error where it doesn't */
	DESCRIPTORS_SURE,    /* BPF, or all threads */
	DESCRIPTORS_UNCONNECTED, /* BPF, which knows them; or as QUICK */
};

struct descriptors_search;

/* Never NULL. Each search is ended once. */
struct descriptors_search *descriptors_begin(enum descriptors_by way);

/*
 * Waits for it. Of all processes that we may look into, in no order; threads that share a
 * descriptor may each have it. 0, or -1 with err and nothing in *ret.
 */
int descriptors_end(struct descriptors_search *s, descriptors *ret, struct err *err);

/* Is it worth its end though no socket is known? For those that are in no list. */
int descriptors_know_more(const struct descriptors_search *s);

/* What it finds is not needed: it stops at the next descriptor. */
void descriptors_drop(struct descriptors_search *s);

/* May we look into every process there is? Root outside of any container may. */
int owners_all_visible(void);

#endif
