/* SPDX-License-Identifier: BSD-2-Clause */
#include "order.h"

#include <stdio.h>

static const char *how_many(unsigned count, char *buf, size_t size)
{
	if (count == ALL)
		snprintf(buf, size, "all");
	else
		snprintf(buf, size, "%u", count);
	return buf;
}

static void open_order(
        const struct step *s, const char *to, const char *from, char *ret, size_t size)
{
	char rate[32] = "";

	if (s->rate > 0)
		snprintf(rate, sizeof rate, " rate=%g", s->rate);
	snprintf(ret, size, "%s %u %s%s%s%s", step_action_names[s->action], s->count, to,
	        *from ? " from=" : "", from, rate);
}

const char *step_order(
        const struct step *s, const char *to, const char *from, char *ret, size_t size)
{
	const char *verb = step_action_names[s->action];
	char n[16];

	*ret = 0;
	switch (s->action) {
	case DO_CONNECT:
	case DO_CHURN:
		open_order(s, to, from, ret, size);
		break;
	case DO_SEND:
		snprintf(ret, size, "%s %llu on=%s", verb, (unsigned long long)s->bytes,
		        how_many(s->count, n, sizeof n));
		break;
	case DO_CLOSE:
	case DO_SHUTDOWN:
	case DO_ABORT:
		snprintf(ret, size, "%s on=%s", verb, how_many(s->count, n, sizeof n));
		break;
	case DO_ACCEPT:
	case DO_READ:
		snprintf(ret, size, "%s %s", verb, s->on ? "on" : "off");
		break;
	case DO_HOLD:
		snprintf(ret, size, "%s", verb);
		break;
	case DO_KILL:
	case DO_START:
	case DO_SYSCTL:
	case DO_RELEASE:
	case DO_ADD:
	case DO_REMOVE:
	case DO_NFT:
	case DO_CONNTRACK:
	case DO_EXPECT:
	case DO_COUNT:
		break;
	}
	return ret;
}
