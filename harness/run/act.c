/* SPDX-License-Identifier: BSD-2-Clause */
/* A step of a scenario, carried out: mostly a command to a peer. */
#include "runner.h"

#include "model/order.h"
#include "netns/sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* DONE comes back with this, and the judge looks for it. */
static unsigned number_of(const struct runner *r)
{
	return r->step + 1;
}

static int tell(struct runner *r, enum host h, const struct step *s, struct err *err)
{
	unsigned family = r->order->family;
	struct endpoint end = topology_address(HOST_SERVER, family, s->to ? s->to : 1);
	char to[ENDPOINT_TEXT], from[INET6_ADDRSTRLEN] = "", order[ORDER_TEXT];

	if (!cast_pid(r->cast, h))
		return err_set(err, ERR_LAB, "the %s is not running: it cannot %s", actor_names[h],
		        step_action_names[s->action]);
	end.port = SERVER_PORT;
	endpoint_format(&end, to, sizeof to);
	if (s->from) {
		end = topology_address(HOST_CLIENT, family, s->from);
		inet_ntop(end.family, end.addr, from, sizeof from);
	}
	cast_tell(r->cast, h, number_of(r), "%s", step_order(s, to, from, order, sizeof order));
	return 0;
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
	return tell(r, h, s, err);
}

int act(struct runner *r, const struct step *s, struct err *err)
{
	if (s->actor != ACTOR_BOTH)
		return act_on(r, s->actor, s, err);
	return act_on(r, HOST_CLIENT, s, err) || act_on(r, HOST_SERVER, s, err) ? -1 : 0;
}
