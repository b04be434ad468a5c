/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_line.h"

#include "core/clock.h"
#include "core/err.h"

#include <string.h>
#include <uthash.h>

struct age {
	uint64_t cookie, since_ns;
	UT_hash_handle hh;
};

struct trace_ages {
	struct age *all;
};

struct trace_ages *trace_ages_new(void)
{
	return must(calloc(1, sizeof(struct trace_ages)));
}

void trace_ages_free(struct trace_ages *a)
{
	struct age *e, *next;

	if (!a)
		return;
	HASH_ITER (hh, a->all, e, next) {
		HASH_DEL(a->all, e);
		free(e);
	}
	free(a);
}

uint64_t trace_ages_take(struct trace_ages *a, const struct event *e)
{
	uint64_t age = 0;
	struct age *at;

	HASH_FIND(hh, a->all, &e->cookie, sizeof e->cookie, at);
	if (at && e->t_ns > at->since_ns)
		age = e->t_ns - at->since_ns;
	if (e->state.to == ST_CLOSE) {
		if (at)
			HASH_DEL(a->all, at);
		free(at);
		return age;
	}
	if (!at) {
		at = must(calloc(1, sizeof *at));
		at->cookie = e->cookie;
		HASH_ADD(hh, a->all, cookie, sizeof at->cookie, at);
	}
	at->since_ns = e->t_ns;
	return age;
}

/* ---- lines ---- */

#define COLUMNS "%12s  %-11s  %-11s  %9s  %-*s"
#define TUPLE   45 /* what is longer moves the last column */

void trace_line_heading(FILE *out)
{
	fprintf(out, COLUMNS "  %s\n", "TIME", "FROM", "TO", "AFTER", TUPLE, "LOCAL > REMOTE",
	        "BY (PID/TID)");
}

static const char *time_text(char *buf, size_t size, uint64_t t_ns, uint64_t origin_ns)
{
	snprintf(buf, size, "%.6f", (double)(int64_t)(t_ns - origin_ns) / 1e9);
	return buf;
}

static void put_process(FILE *out, uint32_t pid, uint32_t tid, const char *command)
{
	if (!pid)
		return;
	fprintf(out, "  %s%s%u", command, *command ? " " : "pid ", pid);
	if (tid != pid)
		fprintf(out, "/%u", tid);
}

static void state_line(FILE *out, const struct event *e, uint64_t origin_ns, uint64_t age_ns)
{
	char t[32], age[32] = "-", who[TUPLE_TEXT];

	if (age_ns)
		duration_format(age_ns, age, sizeof age);
	fprintf(out, COLUMNS, time_text(t, sizeof t, e->t_ns, origin_ns),
	        e->state.from == ST_NONE ? "-" : tcp_state_name(e->state.from),
	        tcp_state_name(e->state.to), age, e->state.pid ? TUPLE : 0,
	        tuple_format(&e->tuple, who, sizeof who));
	put_process(out, e->state.pid, e->state.tid, e->state.command);
	if (e->state.exiting)
		fputs(" at its exit", out);
}

/* What there is to say about a deed beside its name; empty when nothing. */
static void deed_details(const struct ev_kernel *k, char *buf, size_t size)
{
	char flags[64], timer[32];

	*buf = 0;
	switch (k->deed) {
	case KERNEL_MINISOCKET:
	case KERNEL_REARM:
		snprintf(buf, size, "for %s", duration_format(k->timer_ns, timer, sizeof timer));
		break;
	case KERNEL_RETRANSMIT:
		snprintf(buf, size, "%s seq %u%s",
		        segment_flags_format(k->flags, flags, sizeof flags), k->seq,
		        k->probe ? ", tail loss probe" : "");
		break;
	case KERNEL_KILL:
		if (k->flags)
			snprintf(buf, size, "by %s",
			        segment_flags_format(k->flags, flags, sizeof flags));
		break;
	case KERNEL_RESET_SENT:
		snprintf(buf, size, "%s", k->reason);
		break;
	case KERNEL_OVERFLOW:
		if (k->count)
			snprintf(buf, size, "of %u SYN%s", k->count, k->count > 1 ? "s" : "");
		break;
	case KERNEL_EXPIRE:
	case KERNEL_REUSE:
	case KERNEL_RESET_RECEIVED:
	case KERNEL_DESTROY:
	case KERNEL_DEED_COUNT:
		break;
	}
}

/* The name stands where a transition has its new state and its time. */
static void kernel_line(FILE *out, const struct event *e, uint64_t origin_ns)
{
	char t[32], who[TUPLE_TEXT], details[96];

	deed_details(&e->kernel, details, sizeof details);
	fprintf(out, "%12s  %-11s  %-22s  %-*s", time_text(t, sizeof t, e->t_ns, origin_ns),
	        e->kernel.state == ST_NONE ? "-" : tcp_state_name(e->kernel.state),
	        kernel_deed_names[e->kernel.deed], *details || e->kernel.pid ? TUPLE : 0,
	        e->tuple.local.family ? tuple_format(&e->tuple, who, sizeof who) : "-");
	if (*details)
		fprintf(out, "  %s", details);
	put_process(out, e->kernel.pid, e->kernel.tid, "");
}

void trace_line(FILE *out, const struct event *e, uint64_t origin_ns, uint64_t age_ns)
{
	if (e->kind == EV_STATE)
		state_line(out, e, origin_ns, age_ns);
	else
		kernel_line(out, e, origin_ns);
	fputc('\n', out);
}
