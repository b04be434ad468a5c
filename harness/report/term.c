/* SPDX-License-Identifier: BSD-2-Clause */
/* For people: one line a run; below one that did not pass, what was wanted, seen, and happened. */
#include "core/clock.h"
#include "idle.h"
#include "words.h"

#define TITLE_WIDTH 46
#define CLAIM_WIDTH 44
#define STRETCH     10
#define MARGIN      "      "

static const char *const colours[VERDICT_COUNT] = {
        [VERDICT_PASS] = "\033[32m",
        [VERDICT_FAIL] = "\033[1;31m",
        [VERDICT_SKIP] = "\033[33m",
        [VERDICT_ERROR] = "\033[1;35m",
};
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

static void coloured(
        FILE *out, const struct report_options *o, const char *colour, const char *text)
{
	if (o->colour)
		fprintf(out, "%s%s" PLAIN, colour, text);
	else
		fputs(text, out);
}

static void padded(FILE *out, const char *text, size_t width)
{
	size_t n = words_width(text);

	fprintf(out, "%s%*s", text, n < width ? (int)(width - n) : 0, "");
}

static const char *seconds(uint64_t ns, char *buf, size_t size)
{
	snprintf(buf, size, ns < NS_PER_S ? "%.2f s" : "%.1f s", (double)ns / 1e9);
	return buf;
}

static void line(FILE *out, const struct report_options *o, const struct outcome *r)
{
	char claim[4 * CLAIM_WIDTH + 4], word[8], time[32];
	size_t title = words_width(r->title), room = CLAIM_WIDTH;

	if (title > TITLE_WIDTH)
		room = room > title - TITLE_WIDTH ? room - (title - TITLE_WIDTH) : 0;
	words_shorten(r->scenario->claim ? r->scenario->claim : "", room, claim, sizeof claim);
	snprintf(word, sizeof word, "%-5s", verdict_names[r->verdict->kind]);
	coloured(out, o, colours[r->verdict->kind], word);
	fputc(' ', out);
	padded(out, r->title, TITLE_WIDTH);
	fputs("  ", out);
	padded(out, claim, room);
	fprintf(out, " %7s\n", seconds(r->verdict->took_ns, time, sizeof time));
}

static void stretch(FILE *out, const struct report_options *o, const struct outcome *r, size_t last)
{
	const struct event *events[STRETCH];
	char text[EVENT_WORDS];
	size_t n = r->timeline ? words_stretch(r->timeline, last, STRETCH, events) : 0;

	if (n)
		fputs(MARGIN "the timeline up to there:\n", out);
	for (size_t i = 0; i < n; i++) {
		fputs(MARGIN "  ** ", out);
		coloured(out, o, DIM, words_event(r, events[i], text, sizeof text));
		fputc('\n', out);
	}
}

static void place(FILE *out, const struct outcome *r, const struct finding *f)
{
	fprintf(out, MARGIN "%s", r->scenario->path ? r->scenario->path : r->title);
	if (f->at.line)
		fprintf(out, ":%u:%u", f->at.line, f->at.column);
	fprintf(out, ": step %u\n", f->step + 1);
}

/* No fault: what hits nothing may be there for what must not happen. */
struct idle {
	FILE *out;
	const struct report_options *options;
};

static void idle(void *arg, const char *text)
{
	const struct idle *i = arg;

	fputs(MARGIN, i->out);
	coloured(i->out, i->options, DIM, text);
	fputc('\n', i->out);
}

static void idles(FILE *out, const struct report_options *o, const struct outcome *r)
{
	struct idle i = {out, o};

	idle_rules(r, idle, &i);
}

/* All that did not hold at the moment that decided, then how it came to it. */
static void failure(FILE *out, const struct report_options *o, const struct outcome *r)
{
	const struct finding *decisive = words_decisive(r->verdict);
	char again[RERUN_WORDS];

	if (!decisive) {
		fprintf(out, MARGIN "%s\n", r->verdict->why);
		idles(out, o, r);
		return;
	}
	array_each (const struct finding, f, &r->verdict->findings) {
		if (f->kind != r->verdict->kind)
			continue;
		place(out, r, f);
		if (f->kind == VERDICT_FAIL)
			fprintf(out, MARGIN "  wanted  %s\n", f->wanted);
		fprintf(out, MARGIN "  seen    %s\n", f->seen);
	}
	idles(out, o, r);
	stretch(out, o, r, decisive->last);
	fprintf(out, MARGIN "again: %s\n", words_rerun(r, again, sizeof again));
}

/* What held, for those who asked for it. */
static void success(FILE *out, const struct outcome *r)
{
	array_each (const struct finding, f, &r->verdict->findings)
		fprintf(out, MARGIN "step %u: %s: %s\n", f->step + 1, f->wanted, f->seen);
	if (words_link(r))
		fprintf(out, MARGIN "link: %s\n", words_link(r));
}

static void begin(FILE *out, const struct report_options *o, size_t n_runs)
{
	(void)out;
	(void)o;
	(void)n_runs;
}

static void outcome(
        FILE *out, const struct report_options *o, const struct outcome *r, size_t number)
{
	(void)number;
	line(out, o, r);
	switch (r->verdict->kind) {
	case VERDICT_PASS:
		if (o->verbose)
			success(out, r);
		idles(out, o, r);
		break;
	case VERDICT_SKIP:
		fprintf(out, MARGIN "%s\n", r->verdict->why);
		break;
	case VERDICT_FAIL:
	case VERDICT_ERROR:
		failure(out, o, r);
		break;
	case VERDICT_COUNT:
		break;
	}
	fflush(out);
}

static void end(FILE *out, const struct report_options *o, const size_t counts[VERDICT_COUNT],
        uint64_t took_ns)
{
	char time[32];

	(void)o;
	fprintf(out, "%zu passed, %zu failed, %zu skipped, %zu error%s in %s\n",
	        counts[VERDICT_PASS], counts[VERDICT_FAIL], counts[VERDICT_SKIP],
	        counts[VERDICT_ERROR], counts[VERDICT_ERROR] == 1 ? "" : "s",
	        seconds(took_ns, time, sizeof time));
}

const struct reporter reporter_term = {
        .name = "term",
        .help = "for a terminal: one line a run, and what is wrong with those that did not pass",
        .begin = begin,
        .outcome = outcome,
        .end = end,
};
