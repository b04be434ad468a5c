/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's event stream of one network namespace, for anyone to look at. It changes nothing. */
#include "cmd/trace.h"
#include "cmd/command.h"
#include "cmd/trace_line.h"
#include "cmd/trace_order.h"
#include "cmd/trace_out.h"
#include "cmd/trace_overflow.h"
#include "cmd/trace_show.h"
#include "core/clock.h"
#include "model/timeline.h"
#include "observe/bpf.h"
#include "observe/netns_enter.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FLUSH_NS   (50 * NS_PER_MS)
#define LATE_NS    (10 * NS_PER_MS) /* more than the merger lets anything wait */
#define RING_BYTES (8u << 20)       /* the machine's own namespace may be busy */

struct trace {
	struct trace_options options;
	struct timeline_head head;
	struct trace_overflows *overflows;
	struct trace_order *order;
	struct trace_show *show;
	struct bpf_ring *ring;
	struct event_base *base;
	struct trace_out *out;
	int broken; /* our output cannot be written */
};

static void on_event(void *arg, const struct event *e)
{
	struct trace *t = arg;

	if (trace_out_given_up(t->out))
		return;
	if (e->kind == EV_KERNEL && e->kernel.deed == KERNEL_OVERFLOW)
		trace_overflows_seen(t->overflows);
	trace_show(t->show, e, e->kind == EV_STATE ? bpf_ring_stack(t->ring, e) : NULL);
}

/* ---- the loop ---- */

/* What no program tells of, after what they do. */
static void look(struct trace *t)
{
	struct event e;

	trace_overflows_look(t->overflows);
	bpf_ring_consume(t->ring);
	if (trace_overflows_take(t->overflows, &e))
		trace_show(t->show, &e, NULL);
}

/* People see whole lines soon; the stream is flushed often enough, not for each. */
static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct trace *t = arg;
	uint64_t now = clock_now_ns();

	(void)fd;
	(void)what;
	look(t);
	trace_order_write(t->order, now - LATE_NS, trace_out_stream(t->out));
	if (!fflush(trace_out_stream(t->out)))
		return;
	t->broken = 1;
	event_base_loopbreak(t->base);
}

static void fill_head(struct timeline_head *h)
{
	struct utsname u;

	h->origin_ns = clock_now_ns();
	h->hz = clock_hz();
	h->observers = 1u << SRC_BPF | 1u << SRC_SNMP;
	snprintf(h->scenario, sizeof h->scenario, "trace");
	if (!uname(&u))
		snprintf(h->kernel, sizeof h->kernel, "%.95s", u.release);
}

static int summary(struct trace *t)
{
	uint64_t lost = bpf_ring_lost(t->ring);
	char took[32];

	duration_format(clock_now_ns() - t->head.origin_ns, took, sizeof took);
	fprintf(stderr, "%llu events in %s, %llu lost\n", (unsigned long long)trace_shown(t->show),
	        took, (unsigned long long)lost);
	if (bpf_ring_missed(t->ring))
		fprintf(stderr,
		        "%llu transitions of the whole machine went unseen: perhaps some of "
		        "these\n",
		        (unsigned long long)bpf_ring_missed(t->ring));
	return lost ? EXIT_LAB : EXIT_PASSED;
}

/* Whoever reads the first line knows that it has begun, and may end it. */
static int begin(void *arg, struct err *err)
{
	struct trace *t = arg;
	FILE *out = trace_out_stream(t->out);

	if (t->options.json)
		timeline_write_head(out, &t->head);
	else
		trace_line_heading(out);
	fflush(out);
	return bpf_ring_start(t->ring, t->base, err);
}

static int loop(struct trace *t, struct err *err)
{
	const struct trace_loop l = {.base = t->base,
	        .for_ns = t->options.for_ns,
	        .tick_ns = FLUSH_NS,
	        .begin = begin,
	        .tick = on_flush,
	        .arg = t};

	if (trace_loop_run(&l, err))
		return -1;
	if (!t->broken)
		look(t);
	trace_order_write(t->order, UINT64_MAX, trace_out_stream(t->out));
	return 0;
}

int trace_watch(struct bpf_observer *o, const struct trace_options *w, struct err *err)
{
	uint64_t cookie;

	if (w->netns && netns_enter_name(w->netns, err))
		return -1;
	if (w->pid && netns_enter_pid(w->pid, err))
		return -1;
	if (bpf_netns_cookie(&cookie, err))
		return -1;
	return bpf_observer_watch(o, 0, HOST_CLIENT, cookie, err);
}

static int run(struct trace *t, struct bpf_observer *o, struct err *err)
{
	if (bpf_observer_slot(o, 0, err))
		return -1;
	t->ring = bpf_ring_open(o, 0, on_event, t, err);
	if (!t->ring)
		return -1;
	fill_head(&t->head);
	if (trace_watch(o, &t->options, err))
		return -1;
	t->overflows = trace_overflows_new(err);
	if (!t->overflows)
		return -1;
	return loop(t, err);
}

static int trace_with(struct trace *t, struct err *err)
{
	struct bpf_options options = {
	        .ring_bytes = RING_BYTES, .lanes = bpf_lanes_wanted(), .stacks = t->options.stacks};
	struct bpf_observer *o = bpf_observer_new(&options, err);
	int code = EXIT_LAB;

	if (!o)
		return -1;
	t->base = event_base_new();
	t->out = trace_out_new();
	t->order = trace_order_new();
	t->show = trace_show_new(&t->options, &t->head, t->order);
	if (run(t, o, err))
		code = -1;
	else
		code = summary(t);
	code = trace_out_end(t->out, code);
	bpf_ring_close(t->ring);
	trace_overflows_free(t->overflows);
	trace_show_free(t->show);
	trace_order_free(t->order);
	event_base_free(t->base);
	bpf_observer_free(o);
	return code;
}

static int trace(int argc, char **argv)
{
	struct trace t = {0};
	struct err err = {0};
	int code;

	signal(SIGPIPE, SIG_IGN);
	if (trace_options_take(&t.options, argc, argv, &err))
		return command_error(&err);
	code = t.options.count ? trace_count(&t.options, &err) : trace_with(&t, &err);
	return code < 0 ? command_error(&err) : code;
}

const struct command command_trace = {
        .name = "trace",
        .usage = "trace [--netns NAME|--pid PID] [--port N] [--state S] ...",
        .help = "every transition of every socket of a network namespace, as it happens",
        .more = "  --netns NAME   a namespace of `ip netns`; without it and --pid: the caller's\n"
                "  --pid PID      the namespace of this process\n"
                "  --port N       only sockets with this local or remote port\n"
                "  --state S      only transitions from or to this state\n"
                "  --for TIME     ends by itself, after 10s, say; otherwise Ctrl-C does\n"
                "  --all          also what is of little interest: a minisocket takes over or\n"
                "                 expires, the last reference to a socket goes\n"
                "  --stack        the user stack of the process that caused a transition: who "
                "called\n"
                "                 close(). The callers of that one only of programs that are "
                "built\n"
                "                 with frame pointers\n"
                "  --count        no transitions, but how many there were of each kind, every\n"
                "                 second: the least load on a busy machine\n"
                "  --json         one JSON object a line: a header, then every event\n\n"
                "AFTER is the time spent in FROM, '-' when nobody saw it begin. A process is\n"
                "named where a system call caused the transition; segments and timers have none.\n"
                "Exit code 3 when events were lost, or lines not written because nobody read "
                "them:\n"
                "the reader is waited for until Ctrl-C or the end of --for, and a second more.\n"
                "It takes root, and changes nothing.\n",
        .main = trace,
};
