/* SPDX-License-Identifier: BSD-2-Clause */
/* The stages of one run, from an empty cell to the verdict. */
#include "runner.h"

#include "core/clock.h"
#include "netns/sysctl.h"
#include "run/channel.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* ---- the cell and its observers ---- */

static int set_sysctls(void *arg, enum host h, struct err *err)
{
	struct runner *r = arg;

	if (h == HOST_ROUTER) /* later: see router.c */
		return 0;
	array_each (struct sysctl_setting, x, &r->scenario->hosts[h].sysctls)
		if (sysctl_write(x->name, x->value, err))
			return err_prefix(err, "%s", actor_names[h]);
	return 0;
}

static int fill_head(struct runner *r, struct err *err)
{
	struct timeline_head *h = &r->head;
	struct utsname u;

	uname(&u);
	h->origin_ns = clock_now_ns();
	h->hz = clock_hz();
	h->family = r->order->family;
	h->seed = r->order->seed;
	snprintf(h->scenario, sizeof h->scenario, "%s", r->scenario->name);
	snprintf(h->kernel, sizeof h->kernel, "%s", u.release);
	snprintf(h->link, sizeof h->link, "%s", link_name(r));
	h->observers = 1u << SRC_RUNNER | 1u << SRC_SOCK_DIAG | 1u << SRC_PEER | 1u << SRC_SNMP |
	               1u << SRC_OWNERS | (r->wire ? 1u << SRC_WIRE : 0) |
	               (r->bpf ? 1u << SRC_BPF : 0) | (r->filter ? 1u << SRC_NFT : 0) |
	               (scenario_tracks(r->scenario) ? 1u << SRC_CONNTRACK : 0);
	for (; h->n_set < r->order->n_set; h->n_set++)
		snprintf(h->set[h->n_set], sizeof h->set[0], "%s", r->order->set[h->n_set]);
	snprintf(h->options, sizeof h->options, "%s", r->order->options);
	/* Of the client; a scenario may have set another than the cell's default. */
	if (cell_enter(&r->cell, HOST_CLIENT, err) ||
	        sysctl_read("net.ipv4.tcp_congestion_control", h->congestion, sizeof h->congestion,
	                err))
		return -1;
	return cell_leave(&r->cell, err);
}

static void on_tracked(void *arg, struct event *e)
{
	runner_emit(arg, e);
}

static void on_doubt(void *arg)
{
	const struct runner *r = arg;

	watch_kick(r->watch);
}

static int stage(struct runner *r, struct err *err)
{
	const struct cell_config config = {
	        .topology = topology_of(r->scenario),
	        .taken_in_on = (unsigned)r->order->cpu + 1,
	        .prepare = set_sysctls,
	        .device = link_device,
	        .arg = r,
	};

	if (cell_build(&r->cell, &config, err) || router_new(r, err) || filter_new(r, err))
		return -1;
	r->watch = watch_new(r, err);
	if (!r->watch || link_new(r, err) || stream_new(r, err))
		return -1;
	if (fill_head(r, err))
		return -1;
	if (timeline_write_head(r->timeline, &r->head))
		return err_sys(err, "the timeline");
	r->judge = judge_new(r->scenario, &r->head);
	filter_announce(r->filter);
	return 0;
}

static int raise_curtain(struct runner *r, struct err *err)
{
	r->cast = cast_new(r, err);
	if (!r->cast)
		return -1;
	steps_await_peers(r);
	return cast_start(r->cast, HOST_SERVER, err) || cast_start(r->cast, HOST_CLIENT, err) ? -1
	                                                                                      : 0;
}

/* ---- the end ---- */

/* Before there is a timeline to say it on. */
static int say_broken(struct runner *r, const struct err *err)
{
	channel_say(
	        r->channel, err->kind == ERR_MISSING ? SAYS_MISSING : SAYS_BROKEN, "%s", err->text);
	return 3;
}

static int say_verdict(struct runner *r)
{
	struct verdict v = {0};

	if (fflush(r->timeline))
		return 3;
	judge_verdict(r->judge, &v);
	channel_say(r->channel, SAYS_DONE, "%s", verdict_names[v.kind]);
	verdict_free(&v);
	return 0;
}

/* ---- all of it ---- */

/* The controller has blocked some, for itself. */
static void take_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * Segments that two processors move overtake each other, and exact counts are gone: the softirq of
 * what the wire writes runs where the runner does, that of what the peers write where they do.
 */
static int stay_on_one_cpu(const struct run_order *o, struct err *err)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)o->cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one))
		return err_sys(err, "to processor %d", o->cpu);
	return 0;
}

int run_in_cell(void *order, int channel)
{
	struct runner r = {.order = order, .channel = channel, .device = {-1, -1}};
	const struct track_config tracking = {.emit = on_tracked, .doubt = on_doubt, .arg = &r};
	struct err err = {0};

	take_signals();
	r.scenario = r.order->scenario;
	r.base = must(event_base_new());
	r.timeline = must(fdopen(r.order->timeline, "w"));
	r.track = track_new(&tracking);
	steps_new(&r);
	if (stay_on_one_cpu(order, &err) || stage(&r, &err))
		return say_broken(&r, &err);
	priority_raise(&r);
	if (raise_curtain(&r, &err))
		return say_broken(&r, &err);
	event_base_dispatch(r.base);
	/* The process ends here, and everything in the cell with it: nothing is taken apart. */
	wire_free(r.wire); /* writes what the capture still buffers */
	return say_verdict(&r);
}
