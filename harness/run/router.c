/* SPDX-License-Identifier: BSD-2-Clause */
/* The router of a cell: its rules, its sysctls, and the connections that it tracks. */
#include "runner.h"

#include "netns/conntrack.h"
#include "netns/nft.h"
#include "netns/sysctl.h"
#include "observe/conntrack.h"

#include <stdlib.h>

struct router {
	struct runner *r;
	struct conntrack *table; /* NULL: nothing is tracked */
	struct event *changed;
};

static void on_entry(void *arg, struct event *e)
{
	struct router *x = arg;

	runner_emit(x->r, e);
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	struct router *x = arg;

	(void)fd;
	(void)what;
	router_catch_up(x);
}

void router_catch_up(struct router *x)
{
	struct err err = {0};

	if (x && x->table && conntrack_read(x->table, &err))
		runner_trouble(x->r, &err);
}

/* Its sysctls for conntrack may not exist before there is a rule that needs it. */
static int set_up(struct router *x, struct err *err)
{
	const struct host_spec *spec = &x->r->scenario->hosts[HOST_ROUTER];

	if (scenario_tracks(x->r->scenario)) {
		if (nft_shorthands(spec, err) || nft_run_text(x->r->scenario, &spec->nft, err))
			return -1;
		/* To know which entries are the oldest; without it they go in any order. */
		(void)sysctl_write("net.netfilter.nf_conntrack_timestamp", "1", NULL);
		x->table = conntrack_open(on_entry, x, err);
		if (!x->table)
			return -1;
	}
	array_each (struct sysctl_setting, s, &spec->sysctls)
		if (sysctl_write(s->name, s->value, err))
			return err_prefix(err, "router");
	return 0;
}

int router_new(struct runner *r, struct err *err)
{
	struct router *x;
	int failed;

	if (!r->cell.topology.router)
		return 0;
	x = r->router = must(calloc(1, sizeof *x));
	x->r = r;
	if (cell_enter(&r->cell, HOST_ROUTER, err))
		return -1;
	failed = set_up(x, err);
	if (cell_leave(&r->cell, failed ? NULL : err) || failed)
		return -1;
	if (!x->table)
		return 0;
	x->changed = must(
	        event_new(r->base, conntrack_fd(x->table), EV_READ | EV_PERSIST, on_changed, x));
	event_add(x->changed, NULL);
	return 0;
}

void router_free(struct router *x)
{
	if (!x)
		return;
	if (x->changed)
		event_free(x->changed);
	conntrack_close(x->table);
	free(x);
}

int router_look(struct router *x, struct err *err)
{
	struct event e = {.kind = EV_SAMPLE, .source = SRC_CONNTRACK, .host = HOST_ROUTER};

	if (!x || !x->table)
		return 0;
	if (conntrack_dump(x->table, err))
		return -1;
	runner_emit(x->r, &e);
	return 0;
}

static int forget(struct runner *r, const struct step *s, struct err *err)
{
	int n = conntrack_forget(s->count, err);

	if (n >= 0)
		runner_note(r, HOST_ROUTER, "forgot %d connection%s", n, n == 1 ? "" : "s");
	return n < 0 ? -1 : 0;
}

int router_act(struct runner *r, const struct step *s, struct err *err)
{
	int failed;

	if (cell_enter(&r->cell, HOST_ROUTER, err))
		return -1;
	failed = s->action == DO_CONNTRACK ? forget(r, s, err)
	                                   : nft_run_text(r->scenario, &s->nft, err);
	router_catch_up(r->router);
	return cell_leave(&r->cell, failed ? NULL : err) || failed ? -1 : 0;
}
