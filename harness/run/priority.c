/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire and the looks at sockets must not wait behind the machine's other work: a relay that
 * gets its turn 100 ms late is a slow line, and TCP measures it and takes its time.
 */
#include "runner.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* Of SCHED_RR. The peers get a little less than the runner. */
#define RUNNER_PRIORITY 2
#define PEER_PRIORITY   1

/* Nothing else that the runner starts inherits it. */
void priority_raise(struct runner *r)
{
	const struct sched_param p = {.sched_priority = RUNNER_PRIORITY};

	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		runner_note(r, ACTOR_LAB,
		        "no real-time priority (%s): a busy machine shows in the times",
		        strerror(errno));
}

/* As far as this user may: the note above has said it. */
void priority_raise_peer(pid_t pid)
{
	const struct sched_param p = {.sched_priority = PEER_PRIORITY};

	sched_setscheduler(pid, SCHED_RR, &p);
}
