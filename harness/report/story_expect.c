/* SPDX-License-Identifier: BSD-2-Clause */
#include "story_expect.h"

#include "core/clock.h"
#include "core/wheel.h"
#include "model/range.h"

#include <string.h>

/* The number that stands before the noun: "at least 1 socket". */
static int64_t last_number(const struct range *want)
{
	return want->hi == INT64_MAX ? want->lo : want->hi;
}

/* "100 sockets", "at least 90 sockets", "no socket" */
static void add_counted(
        struct prose *p, const struct range *want, const char *one, const char *many)
{
	char text[RANGE_TEXT];

	if (want->lo == want->hi)
		prose_number(p, (unsigned long)want->lo, one, many);
	else
		prose_add(p, "%s %s", range_format(want, 0, text, sizeof text),
		        last_number(want) == 1 ? one : many);
}

static void add_segments(struct prose *p, const struct expectation *x)
{
	const struct segment_selector *s = &x->segment;
	static const char *const how[SENT_COUNT] = {"original ", "repeated ", "probing "};
	const char *again = s->again < 0 ? "" : how[s->again];
	const char *role = s->role < 0 ? "" : segment_role_names[s->role];
	char one[64], many[80];

	snprintf(one, sizeof one, "%s%s%ssegment", again, role, *role ? " " : "");
	snprintf(many, sizeof many, "%ss", one);
	add_counted(p, &x->want, one, many);
	if (s->from >= 0)
		prose_add(p, " from the %s", actor_names[s->from]);
	if (s->fate == FATE_PASSED)
		prose_add(p, " passed the wire");
	else if (s->fate >= 0)
		prose_add(p, " %s by the wire", segment_fate_names[s->fate]);
	else
		prose_add(p, " came to the wire");
}

/* "fin again from the server, dropped" */
static void add_selector(struct prose *p, const struct segment_selector *s)
{
	static const char *const how[SENT_COUNT] = {
	        " sent first", " sent again", " sent as a tail loss probe"};

	prose_add(p, "%s%s", s->role < 0 ? "any segment" : segment_role_names[s->role],
	        s->again < 0 ? "" : how[s->again]);
	if (s->from >= 0)
		prose_add(p, " from the %s", actor_names[s->from]);
	if (s->fate >= 0)
		prose_add(p, " (%s)", segment_fate_names[s->fate]);
}

/* What stands before item i of n: nothing, a comma, before the last one `last`. */
static const char *separator(size_t i, size_t n, const char *last)
{
	return !i ? "" : i + 1 == n ? last : ",";
}

static void add_order(struct prose *p, const struct expectation *x)
{
	prose_add(p, "on each connection came, in this order,");
	for (size_t i = 0; i < x->order.n; i++) {
		prose_add(p, "%s ", separator(i, x->order.n, " and"));
		add_selector(p, &x->order.v[i]);
	}
}

static void add_gaps(struct prose *p, const struct expectation *x)
{
	char text[RANGE_TEXT];

	if (!x->gaps.n) {
		add_selector(p, &x->segment);
		prose_add(p, " came again at the timeouts of the kernel, each twice the one before "
		             "(a tail loss probe may come first)");
		return;
	}
	prose_add(p, "from one ");
	add_selector(p, &x->segment);
	prose_add(p, " to the next it took");
	for (size_t i = 0; i < x->gaps.n; i++)
		prose_add(p, "%s %s", separator(i, x->gaps.n, ", then"),
		        range_format(&x->gaps.v[i], 1, text, sizeof text));
}

static void add_path(struct prose *p, const struct expectation *x)
{
	prose_add(p, "each connection went through");
	for (size_t i = 0; i < x->path.n; i++)
		prose_add(p, "%s %s", separator(i, x->path.n, " and"),
		        tcp_state_name(x->path.v[i].state));
}

static void add_stay(struct prose *p, const struct path_state *s, unsigned hz)
{
	char a[RANGE_TEXT], b[RANGE_TEXT];
	struct window w;

	range_format(&s->stay, 1, a, sizeof a);
	prose_add(p, "it was in %s for %s", tcp_state_name(s->state), a);
	if (s->stay.kind == RANGE_RETRANSMITTED)
		prose_add(p,
		        ": the kernel's timeouts until the FIN that is acknowledged, computed from "
		        "the round trips before");
	if (s->stay.kind == RANGE_GIVEN_UP)
		prose_add(p, ": until the timeout at which tcp_orphan_retries is used up, computed "
		             "likewise");
	if (s->stay.kind != RANGE_TIMER)
		return;
	w = wheel_window_seen((uint64_t)s->stay.lo, hz);
	prose_add(p, ": a timer of the kernel, which fires after %s to %s (HZ=%u)",
	        duration_format(w.lo_ns, a, sizeof a), duration_format(w.hi_ns, b, sizeof b), hz);
}

/* The kinds that are about one state and a number. */
static void add_of_state(struct prose *p, const struct expectation *x)
{
	const char *state = tcp_state_name(x->state);
	char text[RANGE_TEXT];

	if (!strcmp(x->kind, "population")) {
		add_counted(p, &x->want, "socket", "sockets");
		prose_add(p, " in %s", state);
	} else if (!strcmp(x->kind, "conntrack")) {
		add_counted(p, &x->want, "connection", "connections");
		prose_add(p, " in its table%s%s", strcmp(x->key, "any") ? ", in " : "",
		        strcmp(x->key, "any") ? x->key : "");
	} else if (!strcmp(x->kind, "unowned")) {
		add_counted(p, &x->want, "socket", "sockets");
		prose_add(p, " in %s that no program holds", state);
	} else if (!strcmp(x->kind, "recv_q")) {
		add_counted(p, &x->want, "byte", "bytes");
		prose_add(p, " in the Recv-Q of each socket in %s", state);
	} else if (!strcmp(x->kind, "timer")) {
		prose_add(p, "the timer of each socket in %s has %s to go", state,
		        range_format(&x->want, 1, text, sizeof text));
	} else {
		prose_add(p, "%s of %s: %s", x->kind, x->key,
		        range_format(&x->want, 0, text, sizeof text));
	}
}

static void add_wish(struct prose *p, const struct expectation *x)
{
	char text[RANGE_TEXT];

	if (x->path.n) {
		add_path(p, x);
	} else if (!strcmp(x->kind, "segment")) {
		add_segments(p, x);
	} else if (!strcmp(x->kind, "order")) {
		add_order(p, x);
	} else if (!strcmp(x->kind, "gaps")) {
		add_gaps(p, x);
	} else if (!strcmp(x->kind, "counter")) {
		prose_add(p, "the kernel's counter %s grew by %s", x->key,
		        range_format(&x->want, 0, text, sizeof text));
	} else if (!strcmp(x->kind, "error")) {
		add_counted(p, &x->want, "call", "calls");
		prose_add(p, " of the program failed with %s", x->key);
	} else if (!strcmp(x->kind, "descriptors")) {
		prose_add(p, "the program holds ");
		add_counted(p, &x->want, "connection", "connections");
		prose_add(p, " open");
	} else {
		add_of_state(p, x);
	}
}

void story_expectation(struct prose *p, const struct expectation *x, unsigned hz, const char *lead)
{
	char head[64];

	snprintf(head, sizeof head, "%s%-7s ", lead, actor_names[x->host]);
	add_wish(p, x);
	prose_end(p, head);
	snprintf(head, sizeof head, "%s%-7s ", lead, "");
	array_each (const struct path_state, s, &x->path)
		if (s->has_stay) {
			add_stay(p, s, hz);
			prose_end(p, head);
		}
}
