/* SPDX-License-Identifier: BSD-2-Clause */
#include "limits.h"

#include <sys/resource.h>

/* Descriptors that a worker holds besides its flows: what it inherits, loops, timers. */
#define OTHER_FILES 256
/* What it takes to build a lab and to run a few flows. */
#define LEAST_FILES 96

static rlim_t limit(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) ? RLIM_INFINITY : files.rlim_cur;
}

int limits_check(struct err *err)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (limit() >= LEAST_FILES)
		return 0;
	return err_set(err, ERR_LAB,
	        "bench: the limit of open files is %llu, and a benchmark needs %d: ulimit -n",
	        (unsigned long long)limit(), LEAST_FILES);
}

unsigned limits_flows(unsigned wanted, struct bench_result *r)
{
	rlim_t files = limit(), others = files > 2 * OTHER_FILES ? OTHER_FILES : files / 2;
	/* A server may still hold connections that their client has left: half is for those. */
	rlim_t room = (files - others) / 2;

	if (wanted <= room)
		return wanted;
	bench_note(r, "%u flows a pair instead of %u: the limit of open files is %llu",
	        (unsigned)room, wanted, (unsigned long long)files);
	return (unsigned)room;
}

unsigned limits_table(unsigned flows)
{
	rlim_t files = limit(), wanted = (rlim_t)flows * 2 + 128;

	return (unsigned)(wanted < files ? wanted : files);
}
