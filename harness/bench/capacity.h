/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many connections a second a client can open and close first, before TIME_WAIT holds every
 * port. Little's law: at a rate R, with each four-tuple held for T, R * T of them are held at once.
 * The kernel's timer fires in a window after T, so the answer is a window too. Pure.
 */
#ifndef LASTACK_BENCH_CAPACITY_H
#define LASTACK_BENCH_CAPACITY_H

#include <stdint.h>

struct capacity_question {
	double rate;       /* connections a second */
	uint64_t held_ns;  /* TIME_WAIT */
	uint64_t reuse_ns; /* tcp_tw_reuse=1: after so long another takes the tuple; 0: never */
	unsigned hz;
	uint64_t buckets; /* tcp_max_tw_buckets; UINT64_MAX: as many as it takes */
	unsigned port_lo, port_hi;
	unsigned reserved;     /* of these, ports that connect() may not choose */
	unsigned sources;      /* addresses of the client */
	unsigned destinations; /* address and port pairs of the server */
};

struct capacity_answer {
	unsigned ports;
	double tuples;               /* of all pairs together */
	uint64_t lo_ns, hi_ns;       /* how long a tuple is really held */
	double steady_lo, steady_hi; /* TIME_WAITs at once, were there ports enough */
	double rate_max;             /* what the tuples last for, always */
	double rate_half;            /* from here on more than half of each range is held */
	double at_most;              /* TIME_WAITs there ever are: limited by tuples and buckets */
	double buckets_needed;       /* and were there buckets enough */
	int enough;
	int capped;            /* the buckets, not the ports, are what gives out */
	double capped_s;       /* when they do; from then on a socket that ends has no TIME_WAIT */
	double full_s;         /* when the ports run out, if they are not enough */
	unsigned pairs;        /* (source, destination) pairs that would be enough */
	unsigned ports_needed; /* in each range with the pairs there are; over 65535: can't be */
	double memory_bytes;   /* of the steady state's minisockets */
};

struct capacity_answer capacity(const struct capacity_question *q);

#endif
