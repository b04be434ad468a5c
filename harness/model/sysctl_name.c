/* SPDX-License-Identifier: BSD-2-Clause */
#include "sysctl_name.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 128

const char *sysctl_name_fault(const char *name)
{
	size_t n = strlen(name);

	if (n > LONGEST)
		return "is too long";
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-/", *c))
			return "is no name of a sysctl, expected one like net.ipv4.tcp_fin_timeout";
	if (!n || strstr(name, "..") || strchr(name, '/') || name[n - 1] == '.')
		return "is no name of a sysctl, expected dots between words: "
		       "net.ipv4.tcp_fin_timeout";
	if (strncmp(name, "net.", 4))
		return "is not a host's own, expected a sysctl that begins with net.";
	return NULL;
}
