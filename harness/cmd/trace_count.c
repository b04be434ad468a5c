/* SPDX-License-Identifier: BSD-2-Clause */
/* How many transitions of each kind there were, a line a second. Only numbers leave the kernel. */
#include "cmd/command.h"
#include "cmd/trace.h"
#include "cmd/trace_out.h"
#include "core/clock.h"
#include "observe/bpf.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define EACH_NS NS_PER_S

/* A column: what is counted. */
static const struct column {
	const char *heading, *key;
	size_t at; /* in struct bpf_counts */
} columns[] = {
#define ENTERED(heading, state)                                                                    \
	{                                                                                          \
		heading, #state, offsetof(struct bpf_counts, entered[ST_##state])                  \
	}
#define OTHER(heading, field)                                                                      \
	{                                                                                          \
		heading, #field, offsetof(struct bpf_counts, field)                                \
	}
        ENTERED("SYN_SENT", SYN_SENT),
        ENTERED("ESTAB", ESTABLISHED),
        ENTERED("FIN_WAIT_1", FIN_WAIT_1),
        ENTERED("FIN_WAIT_2", FIN_WAIT_2),
        ENTERED("CLOSING", CLOSING),
        ENTERED("CLOSE_WAIT", CLOSE_WAIT),
        ENTERED("LAST_ACK", LAST_ACK),
        OTHER("MINISOCK", minisockets),
        OTHER("EXPIRED", expired),
        OTHER("KILLED", killed),
        OTHER("RETRANS", retransmits),
        OTHER("RST_OUT", resets_sent),
        OTHER("RST_IN", resets_received),
#undef ENTERED
#undef OTHER
};

#define COLUMNS (sizeof columns / sizeof *columns)

struct count {
	const struct trace_options *options;
	struct bpf_observer *observer;
	struct event_base *base;
	struct trace_out *out;
	uint64_t origin_ns;
	struct bpf_counts before;
	int failed;
	struct err err;
};

static uint64_t value(const struct bpf_counts *c, const struct column *column)
{
	uint64_t v;

	memcpy(&v, (const char *)c + column->at, sizeof v);
	return v;
}

static void heading(FILE *out)
{
	fprintf(out, "%8s", "TIME");
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, " %10s", columns[i].heading);
	fprintf(out, "\n");
}

static void text_line(const struct count *c, const struct bpf_counts *now, double at_s, FILE *out)
{
	fprintf(out, "%8.1f", at_s);
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, " %10llu",
		        (unsigned long long)(value(now, &columns[i]) -
		                             value(&c->before, &columns[i])));
	fprintf(out, "\n");
}

static void json_line(const struct count *c, const struct bpf_counts *now, double at_s, FILE *out)
{
	json_t *o = json_pack("{s:f}", "at_s", at_s);

	for (size_t i = 0; i < COLUMNS; i++)
		json_object_set_new(o, columns[i].key,
		        json_integer((json_int_t)(value(now, &columns[i]) -
		                                  value(&c->before, &columns[i]))));
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fprintf(out, "\n");
	json_decref(o);
}

static void say(struct count *c)
{
	double at_s = (double)(clock_now_ns() - c->origin_ns) / NS_PER_S;
	FILE *out = trace_out_stream(c->out);
	struct bpf_counts now;

	if (bpf_observer_counts(c->observer, 0, HOST_CLIENT, &now, &c->err)) {
		c->failed = -1;
		event_base_loopbreak(c->base);
		return;
	}
	if (c->options->json)
		json_line(c, &now, at_s, out);
	else
		text_line(c, &now, at_s, out);
	if (fflush(out)) /* nobody reads any more */
		event_base_loopbreak(c->base);
	c->before = now;
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	say(arg);
}

/* Whoever reads the heading knows that it has begun, and may end it. */
static int begin(void *arg, struct err *err)
{
	const struct count *c = arg;

	FILE *out = trace_out_stream(c->out);

	(void)err;
	if (!c->options->json)
		heading(out);
	fflush(out);
	return 0;
}

static int count_with(struct count *c, struct err *err)
{
	const struct trace_loop loop = {.base = c->base,
	        .for_ns = c->options->for_ns,
	        .tick_ns = EACH_NS,
	        .begin = begin,
	        .tick = on_second,
	        .arg = c};

	if (trace_watch(c->observer, c->options, err))
		return -1;
	c->origin_ns = clock_now_ns();
	if (trace_loop_run(&loop, err))
		return -1;
	say(c); /* the part of a second that is left */
	if (c->failed)
		*err = c->err;
	return c->failed;
}

int trace_count(const struct trace_options *w, struct err *err)
{
	struct bpf_options options = {.counts_only = 1};
	struct count c = {.options = w, .observer = bpf_observer_new(&options, err)};
	int code;

	if (!c.observer)
		return -1;
	c.base = event_base_new();
	c.out = trace_out_new();
	code = c.base ? count_with(&c, err) : err_set(err, ERR_LAB, "no event loop");
	code = trace_out_end(c.out, code);
	if (c.base)
		event_base_free(c.base);
	bpf_observer_free(c.observer);
	return code;
}
