/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's event stream of one network namespace, for anyone to look at. It changes nothing. */
#include "cmd/trace.h"
#include "cmd/command.h"
#include "cmd/trace_line.h"
#include "cmd/trace_order.h"
#include "cmd/trace_overflow.h"
#include "core/clock.h"
#include "model/timeline.h"
#include "observe/bpf.h"
#include "observe/netns_enter.h"
#include "observe/symbols.h"
#include "option.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FLUSH_NS   (50 * NS_PER_MS)
#define LATE_NS    (10 * NS_PER_MS) /* more than the merger lets anything wait */
#define RING_BYTES (8u << 20)       /* the machine's own namespace may be busy */

#define CLOSED 64 /* more than there are between a CLOSE and its socket's end, on all processors   \
	           */

/* What disconnect() takes from a socket before its last reference goes. */
struct closed {
	uint64_t cookie;
	struct tuple tuple;
};

struct trace {
	struct trace_options options;
	struct timeline_head head;
	struct trace_ages *ages;
	struct trace_overflows *overflows;
	struct trace_order *order;
	struct symbols *symbols;
	struct bpf_ring *ring;
	struct event_base *base;
	uint64_t shown;
	uint64_t moved_ns, moved; /* the last transition: when, and whose cookie */
	struct closed closed[CLOSED];
	unsigned n_closed;
	int broken; /* nobody reads our output any more */
};

/* ---- one event ---- */

/* Of little interest beside the transition that it comes with, or that it is the end of. */
static int is_minor(const struct trace *t, const struct event *e)
{
	switch (e->kernel.deed) {
	case KERNEL_DESTROY:
	case KERNEL_MINISOCKET:
	case KERNEL_EXPIRE:
		return 1;
	case KERNEL_REARM: /* a state of its own time begins */
		return e->t_ns == t->moved_ns && e->cookie == t->moved;
	case KERNEL_KILL:
	case KERNEL_REUSE:
	case KERNEL_RETRANSMIT:
	case KERNEL_RESET_SENT:
	case KERNEL_RESET_RECEIVED:
	case KERNEL_OVERFLOW:
	case KERNEL_DEED_COUNT:
		break;
	}
	return 0;
}

static int wanted(const struct trace *t, const struct event *e)
{
	const struct trace_options *o = &t->options;

	if (o->port && e->tuple.local.family && e->tuple.local.port != o->port &&
	        e->tuple.remote.port != o->port)
		return 0;
	if (e->kind != EV_STATE)
		return (o->all || o->json || !is_minor(t, e)) &&
		       (o->states == ST_NONE || e->kernel.state == o->states);
	return o->states == ST_NONE || e->state.from == o->states || e->state.to == o->states;
}

/*
 * Calls `each` for every frame, innermost first. What is on top of the stack comes second if it is
 * an address of code and not there anyway.
 */
static void each_frame(const struct trace *t, const struct event *e,
        void (*each)(void *arg, const char *name), void *arg)
{
	const struct bpf_stack *s = e->kind == EV_STATE ? bpf_ring_stack(t->ring, e) : NULL;
	pid_t pid = (pid_t)e->state.pid;
	char name[SYMBOL_TEXT];

	for (size_t i = 0; s && i < s->n; i++) {
		each(arg, symbols_name(t->symbols, pid, s->frames[i], i > 0, name, sizeof name));
		if (i || (s->n > 1 && s->frames[1] == s->caller) ||
		        !symbols_is_code(t->symbols, pid, s->caller))
			continue;
		each(arg, symbols_name(t->symbols, pid, s->caller, 1, name, sizeof name));
	}
}

/* A stack that is being written. */
struct stack_text {
	FILE *out;
	unsigned n;
};

static void put_frame(void *arg, const char *name)
{
	struct stack_text *s = arg;

	fprintf(s->out, "%14s#%-2u %s\n", "", s->n++, name);
}

static void add_frame(void *arg, const char *name)
{
	json_array_append_new(arg, json_string(name));
}

/* The event with its stack, innermost first; of an ordinary namespace's no host of a cell. */
static void put_json(const struct trace *t, const struct event *e, FILE *out)
{
	json_t *o = timeline_event_json(&t->head, e), *stack = must(json_array());

	json_object_del(o, "host");
	each_frame(t, e, add_frame, stack);
	if (json_array_size(stack))
		json_object_set(o, "stack", stack);
	json_decref(stack);
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}

static void put_text(const struct trace *t, const struct event *e, uint64_t age, FILE *out)
{
	struct stack_text s = {.out = out};

	trace_line(out, e, t->head.origin_ns, age);
	each_frame(t, e, put_frame, &s);
}

static void show(struct trace *t, const struct event *e)
{
	uint64_t age = e->kind == EV_STATE ? trace_ages_take(t->ages, e) : 0;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (e->kind == EV_STATE) {
		t->moved_ns = e->t_ns;
		t->moved = e->cookie;
	}
	if (!wanted(t, e))
		return;
	t->shown++;
	out = must(open_memstream(&text, &size));
	if (t->options.json)
		put_json(t, e, out);
	else
		put_text(t, e, age, out);
	fclose(out);
	trace_order_put(t->order, e->t_ns, must(text));
}

static void complete(const struct trace *t, struct event *e)
{
	for (unsigned i = 0; i < CLOSED; i++)
		if (t->closed[i].cookie == e->cookie && e->cookie)
			e->tuple = t->closed[i].tuple;
}

static void on_event(void *arg, const struct event *e)
{
	struct trace *t = arg;

	struct event whole = *e;

	if (e->kind == EV_STATE && e->state.to == ST_CLOSE)
		t->closed[t->n_closed++ % CLOSED] = (struct closed){e->cookie, e->tuple};
	if (e->kind == EV_KERNEL && e->kernel.deed == KERNEL_DESTROY)
		complete(t, &whole);
	if (e->kind == EV_KERNEL && e->kernel.deed == KERNEL_OVERFLOW)
		trace_overflows_seen(t->overflows);
	if (t->options.stacks && e->kind == EV_STATE && e->state.pid)
		symbols_meet(t->symbols, (pid_t)e->state.pid);
	show(t, &whole);
}

/* ---- the loop ---- */

/* What no program tells of, after what they do. */
static int look(struct trace *t, struct err *err)
{
	struct event e;

	trace_overflows_look(t->overflows);
	if (bpf_ring_consume(t->ring, err) < 0)
		return -1;
	if (trace_overflows_take(t->overflows, &e))
		show(t, &e);
	return 0;
}

/* People see whole lines soon; the stream is flushed often enough, not for each. */
static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct trace *t = arg;

	uint64_t now = clock_now_ns();
	struct err err;

	(void)fd;
	(void)what;
	if (look(t, &err)) {
		event_base_loopbreak(t->base);
		return;
	}
	trace_order_write(t->order, now - LATE_NS, stdout);
	if (fflush(stdout)) {
		t->broken = 1;
		event_base_loopbreak(t->base);
	}
}

static void fill_head(struct timeline_head *h)
{
	struct utsname u;

	h->origin_ns = clock_now_ns();
	h->hz = clock_hz();
	h->observers = 1u << SRC_BPF;
	snprintf(h->scenario, sizeof h->scenario, "trace");
	if (!uname(&u))
		snprintf(h->kernel, sizeof h->kernel, "%.95s", u.release);
}

static int summary(struct trace *t)
{
	uint64_t lost = bpf_ring_lost(t->ring);
	char took[32];

	duration_format(clock_now_ns() - t->head.origin_ns, took, sizeof took);
	fprintf(stderr, "%llu events in %s, %llu lost\n", (unsigned long long)t->shown, took,
	        (unsigned long long)lost);
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

	if (t->options.json)
		timeline_write_head(stdout, &t->head);
	else
		trace_line_heading(stdout);
	fflush(stdout);
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
	if (!t->broken && look(t, err))
		return -1;
	trace_order_write(t->order, UINT64_MAX, stdout);
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
	t->ages = trace_ages_new();
	t->symbols = symbols_new();
	t->order = trace_order_new();
	if (run(t, o, err))
		code = -1;
	else
		code = summary(t);
	fflush(stdout);
	bpf_ring_close(t->ring);
	symbols_free(t->symbols);
	trace_overflows_free(t->overflows);
	trace_order_free(t->order);
	trace_ages_free(t->ages);
	event_base_free(t->base);
	bpf_observer_free(o);
	return code;
}

/* ---- arguments ---- */

static int number(const char *option, const char *text, long hi, long *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	if (errno || *end || end == text || *ret < 1 || *ret > hi)
		return err_set(err, ERR_INPUT, "%s '%s': expected a number from 1 to %ld", option,
		        text, hi);
	return 0;
}

static int take_option(struct trace_options *o, int c, const char *text, struct err *err)
{
	long n;

	switch (c) {
	case 'n':
		o->netns = text;
		return 0;
	case 'p':
		if (number("--pid", text, 4194304, &n, err))
			return -1;
		o->pid = (pid_t)n;
		return 0;
	case 'P':
		if (number("--port", text, 65535, &n, err))
			return -1;
		o->port = (uint16_t)n;
		return 0;
	case 's':
		o->states = tcp_state_parse(text);
		if (o->states == ST_NONE)
			return err_set(err, ERR_INPUT, "--state '%s': no state of TCP", text);
		return 0;
	case 'f':
		if (duration_parse(text, &o->for_ns) || !o->for_ns)
			return err_set(err, ERR_INPUT,
			        "--for '%s': expected a time such as 500ms, 10s, 1m", text);
		return 0;
	case 'j':
		o->json = 1;
		return 0;
	case 'k':
		o->stacks = 1;
		return 0;
	case 'a':
		o->all = 1;
		return 0;
	case 'c':
		o->count = 1;
		return 0;
	}
	return -1;
}

static int take_options(struct trace_options *o, int argc, char **argv, struct err *err)
{
	static const struct option names[] = {
	        {"netns", required_argument, NULL, 'n'},
	        {"pid", required_argument, NULL, 'p'},
	        {"port", required_argument, NULL, 'P'},
	        {"state", required_argument, NULL, 's'},
	        {"for", required_argument, NULL, 'f'},
	        {"json", no_argument, NULL, 'j'},
	        {"stack", no_argument, NULL, 'k'},
	        {"all", no_argument, NULL, 'a'},
	        {"count", no_argument, NULL, 'c'},
	        {NULL, 0, NULL, 0},
	};
	int c;

	optind = 0;
	while ((c = option_next(argc, argv, "", names, err)) != -1)
		if (c == '?' || take_option(o, c, optarg, err))
			return -1;
	if (optind < argc)
		return err_set(err, ERR_INPUT, "trace takes no argument '%s'", argv[optind]);
	if (o->netns && o->pid)
		return err_set(err, ERR_INPUT, "--netns and --pid: one of them");
	if (o->count && (o->port || o->stacks || o->all || o->states != ST_NONE))
		return err_set(err, ERR_INPUT,
		        "--count counts all of the namespace: not with --port, --state, --stack or "
		        "--all");
	return 0;
}

static int trace(int argc, char **argv)
{
	struct trace t = {0};
	struct err err = {0};
	int code;

	signal(SIGPIPE, SIG_IGN);
	if (take_options(&t.options, argc, argv, &err))
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
                "Exit code 3 when events were lost. It takes root, and changes nothing.\n",
        .main = trace,
};
