/* SPDX-License-Identifier: BSD-2-Clause */
#include "limits.h"

#include <sched.h>
#include <sys/resource.h>

/* Descriptors that a worker holds besides its flows: what it inherits, loops, timers. */
#define OTHER_FILES 256

unsigned limits_flows(unsigned wanted, struct bench_result *r)
{
	struct rlimit files;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return wanted;
	if (files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files))
			getrlimit(RLIMIT_NOFILE, &files);
	}
	/* A server may still hold connections that their client has left: half is for those. */
	room = files.rlim_cur > 2 * OTHER_FILES ? (files.rlim_cur - OTHER_FILES) / 2 : 1;
	if (wanted <= room)
		return wanted;
	bench_note(r, "%u flows a pair instead of %u: the limit of open files is %llu",
	        (unsigned)room, wanted, (unsigned long long)files.rlim_cur);
	return (unsigned)room;
}

unsigned limits_cpus(unsigned *ret, unsigned max)
{
	cpu_set_t set;
	unsigned n = 0;

	if (sched_getaffinity(0, sizeof set, &set)) {
		*ret = 0;
		return 1;
	}
	for (unsigned i = 0; i < CPU_SETSIZE && n < max; i++)
		if (CPU_ISSET(i, &set))
			ret[n++] = i;
	return n;
}
