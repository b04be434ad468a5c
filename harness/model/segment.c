/* SPDX-License-Identifier: BSD-2-Clause */
#include "segment.h"

#include <stdio.h>
#include <string.h>

#define ROLE_NAME(id, name, help) name,
#define ROLE_HELP(id, name, help) help,
#define FATE_NAME(id, name)       name,

const char *const segment_role_names[ROLE_COUNT] = {SEGMENT_ROLES(ROLE_NAME)};
const char *const segment_role_helps[ROLE_COUNT] = {SEGMENT_ROLES(ROLE_HELP)};
const char *const segment_fate_names[FATE_COUNT] = {SEGMENT_FATES(FATE_NAME)};

const char *const segment_sent_names[SENT_COUNT] = {"first", "again", "probe"};

static int find(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

int segment_role_parse(const char *name)
{
	return find(name, segment_role_names, ROLE_COUNT);
}

/* The others are ACKs without payload: that is what they are told by. */
int segment_role_has_payload(int role)
{
	return role == ROLE_SYN || role == ROLE_SYN_ACK || role == ROLE_DATA || role == ROLE_FIN ||
	       role == ROLE_RST || role == ROLE_KEEPALIVE_PROBE || role == ROLE_WINDOW_PROBE;
}

int segment_sent_parse(const char *name)
{
	return find(name, segment_sent_names, SENT_COUNT);
}

int segment_sent_fits(int asked, int sent)
{
	return asked < 0 || asked == sent || (asked == SENT_AGAIN && sent == SENT_PROBE);
}

int segment_fate_parse(const char *name)
{
	return find(name, segment_fate_names, FATE_COUNT);
}

const char *segment_flags_format(unsigned flags, char *buf, unsigned size)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	unsigned n = 0;

	*buf = 0;
	for (unsigned i = 0; i < 8 && n < size; i++)
		if (flags & 1u << i)
			n += (unsigned)snprintf(buf + n, size - n, "%s%s", n ? "|" : "", names[i]);
	return buf;
}
