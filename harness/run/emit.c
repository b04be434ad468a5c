/* SPDX-License-Identifier: BSD-2-Clause */
/* What is observed goes on the timeline, and from there to the judge. */
#include "runner.h"

#include "core/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

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
