/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"

#include <sched.h>

unsigned cpus_allowed(unsigned *ret, unsigned max)
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

unsigned cpus_count(void)
{
	unsigned cpus[CPU_SETSIZE];

	return cpus_allowed(cpus, CPU_SETSIZE);
}

unsigned cpus_nth(unsigned long n)
{
	unsigned cpus[CPU_SETSIZE];

	return cpus[n % cpus_allowed(cpus, CPU_SETSIZE)];
}
