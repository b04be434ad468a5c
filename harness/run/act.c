/* SPDX-License-Identifier: BSD-2-Clause */
/* A step of a scenario, carried out: mostly a command to a peer. */
#include "runner.h"

#include "netns/sysctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* DONE comes back with this, and the judge looks for it. */
static unsigned number_of(const struct runner *r)
{
	return r->step + 1;
}

/* The words of connect and churn after the count: where to, where from, how fast. */
static const char *destination(const struct runner *r, const struct step *s, char *buf, size_t size)
{
	unsigned family = r->order->family;
	struct endpoint to = topology_address(HOST_SERVER, family, s->to ? s->to : 1);
	char text[ENDPOINT_TEXT];
	size_t n;

	to.port = SERVER_PORT;
	n = (size_t)snprintf(buf, size, "%s", endpoint_format(&to, text, sizeof text));
	if (s->rate > 0)
		n += (size_t)snprintf(buf + n, size - n, " rate=%g", s->rate);
	if (s->from) {
		struct endpoint from = topology_address(HOST_CLIENT, family, s->from);

		endpoint_format(&from, text, sizeof text);
		*strrchr(text, ':') = 0;
		snprintf(buf + n, size - n, " from=%s", text);
	}
	return buf;
}

static const char *how_many(unsigned count, char *buf, size_t size)
{
	if (count == ALL)
		snprintf(buf, size, "all");
	else
		snprintf(buf, size, "%u", count);
	return buf;
}

static void tell(struct runner *r, enum host h, const struct step *s)
{
	const char *verb = step_action_names[s->action];
	unsigned n = number_of(r);
	char a[256], b[16];

	switch (s->action) {
	case DO_CONNECT:
	case DO_CHURN:
		cast_tell(
		        r->cast, h, n, "%s %u %s", verb, s->count, destination(r, s, a, sizeof a));
		break;
	case DO_SEND:
		cast_tell(r->cast, h, n, "send %llu on=%s", (unsigned long long)s->bytes,
		        how_many(s->count, b, sizeof b));
		break;
	case DO_CLOSE:
	case DO_SHUTDOWN:
	case DO_ABORT:
		cast_tell(r->cast, h, n, "%s on=%s", verb, how_many(s->count, b, sizeof b));
		break;
	case DO_ACCEPT:
	case DO_READ:
		cast_tell(r->cast, h, n, "%s %s", verb, s->on ? "on" : "off");
		break;
	case DO_HOLD:
		cast_tell(r->cast, h, n, "hold");
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
}

static int send_signal(struct runner *r, enum host h, int signal, struct err *err)
{
	pid_t pid = cast_pid(r->cast, h);

	if (!pid)
		return err_set(
		        err, ERR_LAB, "the %s is not running: nothing to kill", actor_names[h]);
	if (kill(pid, signal) && errno != ESRCH)
		return err_sys(err, "kill %s", actor_names[h]);
	return 0;
}

static int set_sysctls(struct runner *r, enum host h, const struct step *s, struct err *err)
{
	if (cell_enter(&r->cell, h, err))
		return -1;
	array_each (struct sysctl_setting, x, &s->sysctls) {
		if (sysctl_write(x->name, x->value, err)) {
			cell_leave(&r->cell, NULL);
			return err_prefix(err, "%s", actor_names[h]);
		}
		runner_note(r, h, "sysctl %s = %s", x->name, x->value);
	}
	return cell_leave(&r->cell, err);
}

static void set_rules(struct runner *r, const struct step *s)
{
	int on = s->action == DO_ADD;

	for (size_t i = 0; r->wire && i < r->scenario->rules.n; i++) {
		if (s->rule >= 0 && s->rule != (int)i)
			continue;
		wire_rule_set(r->wire, i, on);
		runner_note(r, ACTOR_WIRE, "rule %zu %s: %s", i + 1, on ? "added" : "removed",
		        r->scenario->rules.v[i].text);
	}
}

static int act_on(struct runner *r, enum host h, const struct step *s, struct err *err)
{
	switch (s->action) {
	case DO_KILL:
		return send_signal(r, h, s->signal, err);
	case DO_START:
		return cast_start(r->cast, h, err);
	case DO_SYSCTL:
		return set_sysctls(r, h, s, err);
	case DO_RELEASE:
		if (r->wire)
			runner_note(r, ACTOR_WIRE, "released %u segments", wire_release(r->wire));
		return 0;
	case DO_ADD:
	case DO_REMOVE:
		set_rules(r, s);
		return 0;
	case DO_NFT:
	case DO_CONNTRACK:
		return router_act(r, s, err);
	case DO_EXPECT:
		return 0;
	case DO_CONNECT:
	case DO_SEND:
	case DO_CLOSE:
	case DO_SHUTDOWN:
	case DO_ABORT:
	case DO_CHURN:
	case DO_ACCEPT:
	case DO_READ:
	case DO_HOLD:
	case DO_COUNT:
		break;
	}
	tell(r, h, s);
	return 0;
}

int act(struct runner *r, const struct step *s, struct err *err)
{
	if (s->actor != ACTOR_BOTH)
		return act_on(r, s->actor, s, err);
	return act_on(r, HOST_CLIENT, s, err) || act_on(r, HOST_SERVER, s, err) ? -1 : 0;
}
