/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario told in words, and as commands that would build it by hand. Pure: text to `out`. */
#ifndef LASTACK_STORY_H
#define LASTACK_STORY_H

#include "model/scenario.h"

#include <stdio.h>

/* hz: of the kernel for which the windows of its timers are computed. */
void story_tell(FILE *out, const struct scenario *s, unsigned hz);

/*
 * Prints the ip commands that make the namespaces and the links between them (HOST_COUNT), or that
 * set up one host: the caller's, since reports know nothing of netns/.
 */
typedef void story_ip(FILE *out, const struct scenario *s, enum host h);

/* The ip, sysctl and nft commands, and what to type into the peers; family 4 or 6. */
void story_by_hand(FILE *out, const struct scenario *s, unsigned family, story_ip *ip);

/* The help of a behaviour; "" for a name that is none. */
const char *story_behaviour(const char *name);

#endif
