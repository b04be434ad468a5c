/* SPDX-License-Identifier: BSD-2-Clause */
#include "ready.h"

#include "core/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEADLINE_NS (5 * NS_PER_S)
#define LOOK_NS     (NS_PER_MS / 5)
#define RTF_LOCAL   0x80000000u /* linux/ipv6_route.h */

/* Local routes beside those of lo; -1 with errno. */
static int local_routes(void)
{
	FILE *f = fopen("/proc/thread-self/net/ipv6_route", "re");
	char line[256], device[32];
	unsigned length, flags;
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%*32s %x %*s %*s %*s %*s %*s %*s %x %31s", &length, &flags,
		            device) == 3)
			n += length == 128 && flags & RTF_LOCAL && strcmp(device, "lo") != 0;
	fclose(f);
	return n;
}

int ready_await(unsigned addresses, struct err *err)
{
	struct timespec pause = {.tv_nsec = LOOK_NS};
	uint64_t end = clock_now_ns() + DEADLINE_NS;
	int n;

	while ((n = local_routes()) < (int)addresses) {
		if (n < 0)
			return errno == ENOENT ? 0 : err_sys(err, "/proc/net/ipv6_route");
		if (clock_now_ns() > end)
			return err_set(err, ERR_LAB,
			        "only %d of %u addresses of IPv6 were ready after 5 s", n,
			        addresses);
		nanosleep(&pause, NULL);
	}
	return 0;
}
