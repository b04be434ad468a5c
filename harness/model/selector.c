/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that select segments, the way round in which a scenario has them. */
#include "scenario.h"

#include <stdio.h>

const char *selector_format(const struct segment_selector *s, char *buf, size_t size)
{
	int fated = s->fate >= 0, sent = s->from >= 0, again = s->again >= 0;

	snprintf(buf, size, "%s%s%s%s%s%s%s", s->role < 0 ? "any" : segment_role_names[s->role],
	        again ? " " : "", again ? segment_sent_names[s->again] : "", sent ? " from " : "",
	        sent ? actor_names[s->from] : "", fated ? " " : "",
	        fated ? segment_fate_names[s->fate] : "");
	return buf;
}
