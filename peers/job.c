/* SPDX-License-Identifier: BSD-2-Clause */
#include "job.h"
#include "core/err.h"
#include "report.h"

#include <stdlib.h>

struct job {
	struct peer *peer;
	unsigned command, references;
};

struct job *job_begin(struct peer *p, unsigned command)
{
	struct job *j = must(malloc(sizeof *j));

	*j = (struct job){.peer = p, .command = command, .references = 1};
	return j;
}

struct job *job_hold(struct job *j)
{
	j->references++;
	return j;
}

void job_release(struct job *j)
{
	if (--j->references)
		return;
	report(j->peer, "done", "command=%u", j->command);
	free(j);
}
