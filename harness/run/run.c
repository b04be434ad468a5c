/* SPDX-License-Identifier: BSD-2-Clause */
/* The stages of one run, and the loop that joins them: events in, rulings out. */
#include "runner.h"

#include "core/clock.h"
#include "netns/packet.h"
#include "netns/sysctl.h"
#include "observe/bpf.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define READY_NS    (10 * NS_PER_S)
#define PROGRESS_NS (100 * NS_PER_MS)
#define IDLE_NS     (3 * NS_PER_S)

/* ---- events in ---- */

void runner_emit(struct runner *r, struct event *e)
{
	if (r->over)
		return;
	if (!e->t_ns)
		e->t_ns = clock_now_ns();
	if (timeline_write_event(r->timeline, &r->head, e)) {
		fprintf(stderr, "lastack: writing the timeline: %s\n", strerror(errno));
		_exit(3);
	}
	r->n_moves += e->kind == EV_STATE || e->kind == EV_SOCKET || e->kind == EV_SEGMENT ||
	              e->kind == EV_PEER || e->kind == EV_KERNEL;
	judge_feed(r->judge, e, r->n_events++);
	event_active(r->advance, EV_TIMEOUT, 0);
}

static void emit_text(struct runner *r, enum event_kind kind, enum host h, const char *text)
{
	struct event e = {.kind = kind, .source = SRC_RUNNER, .host = h};

	snprintf(e.text, sizeof e.text, "%s", text);
	runner_emit(r, &e);
}

void runner_note(struct runner *r, enum host h, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	emit_text(r, EV_NOTE, h, text);
}

void runner_trouble(struct runner *r, const struct err *err)
{
	emit_text(r, EV_TROUBLE, ACTOR_LAB, err->text);
}

const struct step *runner_step(const struct runner *r)
{
	return r->step_began ? &r->scenario->steps.v[r->step] : NULL;
}

/* ---- rulings out ---- */

static void check_lost(struct runner *r);

static void finish(struct runner *r)
{
	runner_catch_up(r);
	watch_final(r->watch);
	check_lost(r);
	r->over = 1;
	event_base_loopbreak(r->base);
}

static void step_event(struct runner *r, enum step_phase phase)
{
	struct event e = {.kind = EV_STEP, .source = SRC_RUNNER, .host = ACTOR_LAB};

	e.step.index = r->step;
	e.step.phase = phase;
	runner_emit(r, &e);
}

static void wake_at(struct runner *r, uint64_t t_ns)
{
	uint64_t now = clock_now_ns();
	struct timeval tv = clock_timeval(t_ns > now ? t_ns - now : 0);

	event_add(r->deadline, &tv);
}

/* An action waits out its `after` before it begins; an `expect` begins at once, and the judge
 * waits. */
static int too_early(struct runner *r, const struct step *s)
{
	uint64_t at = r->step_ended_ns + s->after_ns;

	if (s->action == DO_EXPECT || !s->has_after || clock_now_ns() >= at)
		return 0;
	wake_at(r, at);
	return 1;
}

static void begin(struct runner *r)
{
	const struct step *s = &r->scenario->steps.v[r->step];
	struct err err = {0};

	if (too_early(r, s))
		return;
	/* What an action changes was not so before: a bound for how long the old state lasted. */
	if (!r->bpf && s->action != DO_EXPECT)
		watch_sample(r->watch);
	r->step_began = 1;
	step_event(r, STEP_BEGIN);
	if (act(r, s, &err))
		runner_trouble(r, &err);
	watch_kick(r->watch);
}

static void tell_progress(struct runner *r, const struct ruling *x)
{
	uint64_t now = clock_now_ns();
	char text[320];
	int n;

	if (now - r->progress_ns < PROGRESS_NS)
		return;
	r->progress_ns = now;
	n = snprintf(text, sizeof text, "waits for %s, at most %llu s", x->waits_for,
	        x->until_ns > now ? (unsigned long long)((x->until_ns - now) / NS_PER_S + 1) : 0);
	(void)!send(r->channel, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A cell that waits long leaves its place to another (-j counts those at work). */
static void tell_idle(struct runner *r, int idle)
{
	const char *word = idle ? "idle" : "busy";

	if (idle == r->idle)
		return;
	r->idle = idle;
	(void)!send(r->channel, word, strlen(word), MSG_NOSIGNAL);
}

static void end_step(struct runner *r, enum step_phase phase)
{
	event_del(r->deadline);
	tell_idle(r, 0);
	step_event(r, phase);
	r->step_began = 0;
	r->step_ended_ns = clock_now_ns();
	r->step++;
	if (phase == STEP_FAILS || r->step == r->scenario->steps.n)
		finish(r);
}

static void rule(struct runner *r)
{
	struct ruling x = judge_rule(r->judge);

	/* A program that died looks like a kernel that misbehaves until its end is known. */
	if (x.kind == ANSWER_FAILS)
		cast_reap(r->cast);
	switch (x.kind) {
	case ANSWER_HOLDS:
		end_step(r, STEP_HOLDS);
		break;
	case ANSWER_FAILS:
	case ANSWER_MISSING:
		end_step(r, STEP_FAILS);
		break;
	case ANSWER_UNDECIDED:
		wake_at(r, x.until_ns);
		tell_idle(r, x.until_ns > clock_now_ns() + IDLE_NS);
		tell_progress(r, &x);
		break;
	}
}

/* One step forward at most for each call: what it emits calls us again. */
static void on_advance(evutil_socket_t fd, short what, void *arg)
{
	struct runner *r = arg;

	(void)fd;
	(void)what;
	if (r->over)
		return;
	if (!r->step_began && judge_rule(r->judge).kind == ANSWER_FAILS) { /* the lab, or a peer */
		finish(r);
		return;
	}
	if (!r->acting) {
		if (!cast_ready(r->cast))
			return;
		r->acting = 1;
		event_del(r->deadline);
		r->step_ended_ns = clock_now_ns();
	}
	if (r->step_began)
		rule(r);
	else
		begin(r);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct runner *r = arg;
	struct event tick = {.kind = EV_TICK, .source = SRC_RUNNER, .host = ACTOR_LAB};
	struct err err;

	(void)fd;
	(void)what;
	if (!r->acting) {
		err_set(&err, ERR_LAB, "the peers did not get ready in %llu s",
		        READY_NS / NS_PER_S);
		runner_trouble(r, &err);
		return;
	}
	if (r->step_began)
		watch_sample(r->watch);
	runner_emit(r, &tick);
}

/* ---- the kernel's event stream ---- */

void runner_catch_up(struct runner *r)
{
	struct err err = {0};

	if (r->bpf && bpf_ring_consume(r->bpf, &err) < 0)
		runner_trouble(r, &err);
	router_catch_up(r->router);
}

static void on_kernel(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct event copy = *e;

	if (e->kind == EV_STATE)
		track_told(r->track, e);
	else
		runner_emit(r, &copy);
	watch_kick(r->watch);
}

static int watch_host(struct runner *r, enum host h, struct err *err)
{
	uint64_t cookie = cell_cookie(&r->cell, h, err);

	return cookie ? bpf_observer_watch(r->order->bpf, r->order->slot, h, cookie, err) : -1;
}

static int start_bpf(struct runner *r, struct err *err)
{
	char refused[200];

	if (!r->order->bpf)
		return 0;
	r->bpf = bpf_ring_open(r->order->bpf, r->order->slot, on_kernel, r, err);
	if (!r->bpf || bpf_ring_start(r->bpf, r->base, err))
		return -1;
	if (*bpf_observer_refused(r->order->bpf, refused, sizeof refused))
		runner_note(r, ACTOR_LAB, "bpf: this kernel refused %s", refused);
	return watch_host(r, HOST_CLIENT, err) || watch_host(r, HOST_SERVER, err) ? -1 : 0;
}

/* A stream with gaps proves nothing. */
static void check_lost(struct runner *r)
{
	uint64_t lost = r->bpf ? bpf_ring_lost(r->bpf) : 0;
	uint64_t missed =
	        r->bpf ? bpf_ring_missed(r->bpf) + bpf_ring_strangers(r->bpf) : 0;
	struct err err;

	if (missed)
		runner_note(r, ACTOR_LAB,
		        "%llu transitions of this machine went unseen by BPF; looks tell what of "
		        "them was here",
		        (unsigned long long)missed);
	if (!lost)
		return;
	err_set(&err, ERR_LAB, "%llu events of the kernel were lost", (unsigned long long)lost);
	runner_trouble(r, &err);
}

/* ---- the wire ---- */

struct devices {
	struct runner *r;
	int fd[2];
};

static int make_device(void *arg, enum host h, const char *name, struct err *err)
{
	struct devices *d = arg;
	int fd = wire_device_open(name, err);

	if (fd < 0)
		return -1;
	d->fd[h != HOST_CLIENT] = fd;
	return 0;
}

static void on_arrived(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct event copy = *e;

	/* What the sender's socket became comes before what it sent. */
	watch_look(r->watch, e->host, &e->tuple);
	runner_emit(r, &copy);
	watch_kick(r->watch);
}

/* Before and after: what changed in between, the segment did. */
static void look_at_receiver(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct tuple there = tuple_reversed(&e->tuple);

	watch_look(r->watch, e->host == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT, &there);
}

static void on_wire_trouble(void *arg, const struct err *err)
{
	runner_trouble(arg, err);
}

static int start_wire(struct runner *r, const struct devices *d, struct err *err)
{
	const struct wire_config config = {
	        .base = r->base,
	        .fd = {d->fd[0], d->fd[1]},
	        .rules = r->scenario->rules.v,
	        .n_rules = r->scenario->rules.n,
	        .seed = r->order->seed,
	        .pcapng = r->order->capture >= 0 ? fdopen(r->order->capture, "w") : NULL,
	        .arrived = on_arrived,
	        .delivering = look_at_receiver,
	        .delivered = look_at_receiver,
	        .trouble = on_wire_trouble,
	        .arg = r,
	};

	if (r->cell.topology.link != LINK_WIRE)
		return 0;
	r->wire = wire_new(&config, err);
	return r->wire ? 0 : -1;
}

/* ---- the stages ---- */

static int set_sysctls(void *arg, enum host h, struct err *err)
{
	struct devices *d = arg;

	if (h == HOST_ROUTER) /* later: see router.c */
		return 0;
	array_each (struct sysctl_setting, x, &d->r->scenario->hosts[h].sysctls)
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
	snprintf(h->link, sizeof h->link, "%s", r->wire ? "wire" : r->filter ? "veth+nft" : "veth");
	h->observers = 1u << SRC_RUNNER | 1u << SRC_SOCK_DIAG | 1u << SRC_PEER | 1u << SRC_SNMP |
	               1u << SRC_OWNERS | (r->wire ? 1u << SRC_WIRE : 0) |
	               (r->bpf ? 1u << SRC_BPF : 0) | (r->filter ? 1u << SRC_NFT : 0) |
	               (scenario_tracks(r->scenario) ? 1u << SRC_CONNTRACK : 0);
	/* Of the client; a scenario may have set another than the cell's default. */
	if (cell_enter(&r->cell, HOST_CLIENT, err) ||
	        sysctl_read("net.ipv4.tcp_congestion_control", h->congestion, sizeof h->congestion,
	                err))
		return -1;
	return cell_leave(&r->cell, err);
}

static int stage(struct runner *r, struct err *err)
{
	struct devices d = {r, {-1, -1}};
	const struct cell_config config = {
	        .topology = topology_of(r->scenario),
	        .prepare = set_sysctls,
	        .device = make_device,
	        .arg = &d,
	};

	if (cell_build(&r->cell, &config, err) || router_new(r, err) || filter_new(r, err))
		return -1;
	r->watch = watch_new(r, err);
	if (!r->watch || start_wire(r, &d, err) || start_bpf(r, err))
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
	wake_at(r, clock_now_ns() + READY_NS);
	return cast_start(r->cast, HOST_SERVER, err) || cast_start(r->cast, HOST_CLIENT, err) ? -1
	                                                                                      : 0;
}

/* Before there is a timeline to say it on. */
static int say_broken(struct runner *r, const struct err *err)
{
	char text[1100];
	int n = snprintf(text, sizeof text, "%s %s",
	        err->kind == ERR_MISSING ? "missing" : "broken", err->text);

	(void)!send(r->channel, text, (size_t)n, MSG_NOSIGNAL);
	return 3;
}

static int say_done(struct runner *r)
{
	struct verdict v = {0};
	char text[64];
	int n;

	if (fflush(r->timeline))
		return 3;
	judge_verdict(r->judge, &v);
	n = snprintf(text, sizeof text, "done %s", verdict_names[v.kind]);
	(void)!send(r->channel, text, (size_t)n, MSG_NOSIGNAL);
	verdict_free(&v);
	return 0;
}

/* The controller has blocked some, for itself. */
static void take_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * The wire and the looks at sockets must not wait behind the machine's other work: a relay that
 * gets its turn 100 ms late is a slow line, and TCP measures it and takes its time. The peers get a
 * little less (cast.c); nothing else that the runner starts inherits this.
 */
static void hurry(struct runner *r)
{
	const struct sched_param p = {.sched_priority = RUNNER_PRIORITY};

	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		runner_note(r, ACTOR_LAB,
		        "no real-time priority (%s): a busy machine shows in the times",
		        strerror(errno));
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
	struct runner r = {.order = order, .channel = channel};
	struct err err = {0};

	take_signals();
	r.scenario = r.order->scenario;
	r.base = must(event_base_new());
	r.advance = must(event_new(r.base, -1, EV_PERSIST, on_advance, &r));
	r.deadline = must(evtimer_new(r.base, on_deadline, &r));
	r.timeline = must(fdopen(r.order->timeline, "w"));
	r.track = track_new(&r);
	if (stay_on_one_cpu(order, &err) || stage(&r, &err))
		return say_broken(&r, &err);
	hurry(&r);
	if (raise_curtain(&r, &err))
		return say_broken(&r, &err);
	event_base_dispatch(r.base);
	/* The process ends here, and everything in the cell with it: nothing is taken apart. */
	wire_free(r.wire); /* writes what the capture still buffers */
	return say_done(&r);
}
