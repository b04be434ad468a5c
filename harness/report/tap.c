/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP version 14 (testanything.org), with a YAML block below what did not pass. */
#include "core/clock.h"
#include "idle.h"
#include "words.h"

#include <string.h>

#define STRETCH 20

static void one_line(FILE *out, const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (strchr(escaped, *text))
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

/* In a description '#' begins a directive and '\' escapes it. */
static void description(FILE *out, const char *text)
{
	one_line(out, text, "#\\");
}

static void comment(void *out, const char *text)
{
	fputs("# ", out);
	one_line(out, text, "");
	fputc('\n', out);
}

/* A double-quoted scalar of YAML. */
static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void member(FILE *out, const char *key, const char *text)
{
	fprintf(out, "  %s: ", key);
	quoted(out, text);
	fputc('\n', out);
}

static void stretch(FILE *out, const struct outcome *r, size_t last)
{
	const struct event *events[STRETCH];
	char text[EVENT_WORDS];
	size_t n = r->timeline ? words_stretch(r->timeline, last, STRETCH, events) : 0;

	if (n)
		fputs("  timeline:\n", out);
	for (size_t i = 0; i < n; i++) {
		fputs("    - ", out);
		quoted(out, words_event(r, events[i], text, sizeof text));
		fputc('\n', out);
	}
}

static void idle(void *out, const char *text)
{
	fputs("    - ", out);
	quoted(out, text);
	fputc('\n', out);
}

/* One after the other, below a key that is there only for them. */
static void notes(FILE *out, const struct outcome *r)
{
	char *text = NULL;
	size_t size;
	FILE *list = must(open_memstream(&text, &size));

	idle_rules(r, idle, list);
	fclose(list);
	if (text && *text)
		fprintf(out, "  notes:\n%s", text);
	free(text);
}

static void diagnostics(FILE *out, const struct outcome *r)
{
	const struct finding *f = words_decisive(r->verdict);
	char again[RERUN_WORDS];

	fputs("  ---\n", out);
	member(out, "message", r->verdict->why);
	member(out, "severity", r->verdict->kind == VERDICT_ERROR ? "error" : "fail");
	if (words_link(r))
		member(out, "link", words_link(r));
	if (r->scenario->path)
		member(out, "file", r->scenario->path);
	if (f) {
		if (f->at.line)
			fprintf(out, "  line: %u\n  column: %u\n", f->at.line, f->at.column);
		member(out, "wanted", f->wanted);
		member(out, "found", f->seen);
		stretch(out, r, f->last);
	}
	notes(out, r);
	if (*words_rerun(r, again, sizeof again))
		member(out, "again", again);
	fputs("  ...\n", out);
}

static void begin(FILE *out, const struct report_options *o, size_t n_runs)
{
	(void)o;
	fprintf(out, "TAP version 14\n1..%zu\n", n_runs);
}

static void outcome(
        FILE *out, const struct report_options *o, const struct outcome *r, size_t number)
{
	const struct verdict *v = r->verdict;
	int ok = v->kind == VERDICT_PASS || v->kind == VERDICT_SKIP;

	(void)o;
	fprintf(out, "%sok %zu - ", ok ? "" : "not ", number);
	description(out, r->title);
	if (v->kind == VERDICT_SKIP) {
		fputs(" # SKIP ", out);
		description(out, v->why);
	}
	fputc('\n', out);
	if (!ok)
		diagnostics(out, r);
	else
		idle_rules(r, comment, out);
	fflush(out);
}

static void bail(FILE *out, size_t n_unfinished)
{
	fprintf(out, "Bail out! interrupted: %zu run%s no verdict\n", n_unfinished,
	        n_unfinished == 1 ? " has" : "s have");
}

static void end(FILE *out, const struct report_options *o, const size_t counts[VERDICT_COUNT],
        uint64_t took_ns)
{
	(void)o;
	fprintf(out, "# %zu passed, %zu failed, %zu skipped, %zu errors in %.1f s\n",
	        counts[VERDICT_PASS], counts[VERDICT_FAIL], counts[VERDICT_SKIP],
	        counts[VERDICT_ERROR], (double)took_ns / 1e9);
}

const struct reporter reporter_tap = {
        .name = "tap",
        .help = "TAP version 14, with the evidence as YAML",
        .in_order = 1,
        .begin = begin,
        .outcome = outcome,
        .bail = bail,
        .end = end,
};
