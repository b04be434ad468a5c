/* SPDX-License-Identifier: BSD-2-Clause */
/* A command under way: it is done when everything that it began has ended. */
#ifndef LASTACK_JOB_H
#define LASTACK_JOB_H

struct peer;
struct job;

struct job *job_begin(struct peer *p, unsigned command); /* one reference */
struct job *job_hold(struct job *j);
void job_release(struct job *j); /* the last one reports `done` */

#endif
