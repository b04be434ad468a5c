/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_CPUS_H
#define LASTACK_CPUS_H

/*
 * The numbers of the CPUs that this process may use, in order: a container may have CPUs 2 and 3.
 * The first `max` of them, and how many those are: at least one.
 */
unsigned cpus_allowed(unsigned *ret, unsigned max);

/* How many there are. */
unsigned cpus_count(void);

/* The number of the n-th, counted from 0 and round and round. */
unsigned cpus_nth(unsigned long n);

#endif
