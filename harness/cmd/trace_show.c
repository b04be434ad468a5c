/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_show.h"

#include "cmd/trace_line.h"
#include "core/err.h"
#include "observe/symbols.h"

#include <jansson.h>
#include <stdlib.h>

/* More than there are between a CLOSE and its socket's end, on all processors. */
#define CLOSED 64

/* What disconnect() takes from a socket before its last reference goes. */
struct closed {
	uint64_t cookie;
	struct tuple tuple;
};

struct trace_show {
	const struct trace_options *options;
	const struct timeline_head *head;
	struct trace_order *order;
	struct trace_ages *ages;
	struct symbols *symbols;
	const struct bpf_stack *stack; /* of the event at hand */
	uint64_t shown;
	uint64_t moved_ns, moved; /* the last transition: when, and whose cookie */
	struct closed closed[CLOSED];
	unsigned n_closed;
};

struct trace_show *trace_show_new(const struct trace_options *options,
        const struct timeline_head *head, struct trace_order *order)
{
	struct trace_show *t = must(calloc(1, sizeof *t));

	t->options = options;
	t->head = head;
	t->order = order;
	t->ages = trace_ages_new();
	t->symbols = symbols_new();
	return t;
}

void trace_show_free(struct trace_show *t)
{
	if (!t)
		return;
	symbols_free(t->symbols);
	trace_ages_free(t->ages);
	free(t);
}

/* Of little interest beside the transition that it comes with, or that it is the end of. */
static int is_minor(const struct trace_show *t, const struct event *e)
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

static int wanted(const struct trace_show *t, const struct event *e)
{
	const struct trace_options *o = t->options;

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
 * an address of code and not there anyway. A chain that leaves the code is none from there on: the
 * program keeps no frame pointers.
 */
static void each_frame(const struct trace_show *t, const struct event *e,
        void (*each)(void *arg, const char *name), void *arg)
{
	const struct bpf_stack *s = t->stack;
	pid_t pid = (pid_t)e->state.pid;
	char name[SYMBOL_TEXT];

	for (size_t i = 0; s && i < s->n; i++) {
		if (i && !symbols_is_code(t->symbols, pid, s->frames[i]))
			break;
		each(arg, symbols_name(t->symbols, pid, s->frames[i], i > 0, name, sizeof name));
		if (i || (s->n > 1 && s->frames[1] == s->caller) ||
		        symbols_is_code(t->symbols, pid, s->caller) != 1)
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
static void put_json(const struct trace_show *t, const struct event *e, FILE *out)
{
	json_t *o = timeline_event_json(t->head, e), *stack = must(json_array());

	json_object_del(o, "host");
	each_frame(t, e, add_frame, stack);
	if (json_array_size(stack))
		json_object_set(o, "stack", stack);
	json_decref(stack);
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}

static void put_text(const struct trace_show *t, const struct event *e, uint64_t age, FILE *out)
{
	struct stack_text s = {.out = out};

	trace_line(out, e, t->head->origin_ns, age);
	each_frame(t, e, put_frame, &s);
}

static void put(struct trace_show *t, const struct event *e)
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
	if (t->options->json)
		put_json(t, e, out);
	else
		put_text(t, e, age, out);
	fclose(out);
	trace_order_put(t->order, e->t_ns, must(text));
}

static void complete(const struct trace_show *t, struct event *e)
{
	for (unsigned i = 0; i < CLOSED; i++)
		if (t->closed[i].cookie == e->cookie && e->cookie)
			e->tuple = t->closed[i].tuple;
}

/* The kernel's name for a SYN_RECV that is no full socket: one state for `ss` and for people. */
static void rename_syn_recv(struct event *e)
{
	if (e->kind == EV_KERNEL && e->kernel.state == ST_NEW_SYN_RECV)
		e->kernel.state = ST_SYN_RECV;
}

void trace_show(struct trace_show *t, const struct event *e, const struct bpf_stack *stack)
{
	struct event whole = *e;

	rename_syn_recv(&whole);
	if (e->kind == EV_STATE && e->state.to == ST_CLOSE)
		t->closed[t->n_closed++ % CLOSED] = (struct closed){e->cookie, e->tuple};
	if (e->kind == EV_KERNEL && e->kernel.deed == KERNEL_DESTROY)
		complete(t, &whole);
	if (t->options->stacks && e->kind == EV_STATE && e->state.pid)
		symbols_meet(t->symbols, (pid_t)e->state.pid);
	t->stack = stack;
	put(t, &whole);
	t->stack = NULL;
}

uint64_t trace_shown(const struct trace_show *t)
{
	return t->shown;
}
