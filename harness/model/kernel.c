/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten bits for each of the three numbers; stable releases beyond .1023 are as good as that one. */
#define BITS 10
#define MOST ((1u << BITS) - 1)

/* One number of it, with what stands before it. */
static int part(const char **text, const char *before, uint32_t *ret)
{
	const char *at = *text + strlen(before);
	char *end;
	unsigned long v;

	if (strncmp(*text, before, strlen(before)) || !isdigit((unsigned char)*at))
		return -1;
	v = strtoul(at, &end, 10);
	*ret = v < MOST ? (uint32_t)v : MOST;
	*text = end;
	return 0;
}

uint32_t kernel_version(const char *text, const char **ret_rest)
{
	uint32_t major, minor, patch = 0;

	if (part(&text, "", &major) || part(&text, ".", &minor))
		return 0;
	part(&text, ".", &patch);
	if (ret_rest)
		*ret_rest = text;
	return major << 2 * BITS | minor << BITS | patch;
}

int kernel_guard_parse(const char *text, struct kernel_guard *ret)
{
	int from = !strncmp(text, ">=", 2);
	const char *rest = "";
	uint32_t v;

	if (!from && (*text != '<' || text[1] == '='))
		return -1;
	text += from ? 2 : 1;
	text += strspn(text, " ");
	v = kernel_version(text, &rest);
	if (!v || *rest)
		return -1;
	*ret = (struct kernel_guard){from ? v : 0, from ? 0 : v};
	return 0;
}

int kernel_guard_holds(const struct kernel_guard *g, const char *release)
{
	uint32_t v;

	if (!g->from && !g->below)
		return 1;
	v = kernel_version(release, NULL);
	return v && v >= g->from && (!g->below || v < g->below);
}

const char *kernel_guard_format(const struct kernel_guard *g, char *buf, size_t size)
{
	uint32_t v = g->from ? g->from : g->below;

	*buf = 0;
	if (!v)
		return buf;
	snprintf(buf, size, "%s %u.%u", g->from ? ">=" : "<", v >> 2 * BITS, v >> BITS & MOST);
	if (v & MOST)
		snprintf(buf + strlen(buf), size - strlen(buf), ".%u", v & MOST);
	return buf;
}
