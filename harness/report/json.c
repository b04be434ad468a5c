/* SPDX-License-Identifier: BSD-2-Clause */
/* One JSON document: every run with its findings and the stretch of timeline that proves them. */
#include "core/err.h"
#include "idle.h"
#include "words.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH 50

/* What is not UTF-8 (a cut text) becomes '?'. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s ? s : "");
	char *copy;

	if (j)
		return j;
	copy = must(strdup(s));
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	j = must(json_string(copy));
	free(copy);
	return j;
}

static json_t *words_list(const words *w)
{
	json_t *a = must(json_array());

	array_each (char *const, s, w)
		json_array_append_new(a, text(*s));
	return a;
}

static json_t *lab(const struct timeline_head *h)
{
	json_t *had = must(json_array()), *set = must(json_array()), *o = must(json_object());
	char seed[24];

	for (int i = 0; i < SRC_COUNT; i++)
		if (h->observers & 1u << i)
			json_array_append_new(had, json_string(source_names[i]));
	json_object_set_new(o, "kernel", text(h->kernel));
	json_object_set_new(o, "hz", json_integer(h->hz));
	json_object_set_new(o, "family", json_integer(h->family));
	json_object_set_new(o, "link", text(h->link));
	json_object_set_new(o, "congestion", text(h->congestion));
	snprintf(seed, sizeof seed, "%llu", (unsigned long long)h->seed);
	json_object_set_new(o, "seed", text(seed));
	json_object_set_new(o, "observers", had);
	for (unsigned i = 0; i < h->n_set; i++)
		json_array_append_new(set, text(h->set[i]));
	json_object_set_new(o, "set", set);
	return o;
}

static json_t *stretch(const struct outcome *r, size_t last)
{
	const struct event *events[STRETCH];
	json_t *a = must(json_array());
	char line[EVENT_WORDS];
	size_t n = r->timeline ? words_stretch(r->timeline, last, STRETCH, events) : 0;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, text(words_event(r, events[i], line, sizeof line)));
	return a;
}

static json_t *finding(const struct outcome *r, const struct finding *f)
{
	json_t *o = must(json_object());

	json_object_set_new(o, "step", json_integer(f->step + 1));
	json_object_set_new(o, "verdict", text(verdict_names[f->kind]));
	json_object_set_new(o, "line", json_integer(f->at.line));
	json_object_set_new(o, "column", json_integer(f->at.column));
	json_object_set_new(o, "wanted", text(f->wanted));
	json_object_set_new(o, "seen", text(f->seen));
	json_object_set_new(o, "first", json_integer((json_int_t)f->first));
	json_object_set_new(o, "last", json_integer((json_int_t)f->last));
	if (f->kind != VERDICT_PASS)
		json_object_set_new(o, "timeline", stretch(r, f->last));
	return o;
}

static void idle(void *a, const char *line)
{
	json_array_append_new(a, text(line));
}

static json_t *run(const struct outcome *r)
{
	json_t *o = must(json_object()), *findings = must(json_array());
	json_t *notes = must(json_array());
	char again[RERUN_WORDS];

	array_each (const struct finding, f, &r->verdict->findings)
		json_array_append_new(findings, finding(r, f));
	json_object_set_new(o, "title", text(r->title));
	json_object_set_new(o, "scenario", text(r->scenario->name));
	json_object_set_new(o, "file", text(r->scenario->path));
	json_object_set_new(o, "claim", text(r->scenario->claim));
	json_object_set_new(o, "tags", words_list(&r->scenario->tags));
	json_object_set_new(o, "verdict", text(verdict_names[r->verdict->kind]));
	json_object_set_new(o, "why", text(r->verdict->why));
	json_object_set_new(o, "took_ns", json_integer((json_int_t)r->verdict->took_ns));
	json_object_set_new(o, "findings", findings);
	idle_rules(r, idle, notes);
	json_object_set_new(o, "notes", notes);
	json_object_set_new(o, "lab", r->timeline ? lab(&r->timeline->head) : json_null());
	json_object_set_new(o, "again", text(words_rerun(r, again, sizeof again)));
	return o;
}

static void begin(FILE *out, const struct report_options *o, size_t n_runs)
{
	(void)o;
	(void)n_runs;
	fputs("{\"runs\":[", out);
}

static void outcome(
        FILE *out, const struct report_options *o, const struct outcome *r, size_t number)
{
	json_t *j = run(r);
	char *s = must(json_dumps(j, JSON_INDENT(1)));

	(void)o;
	fprintf(out, "%s%s", number > 1 ? ",\n" : "\n", s);
	free(s);
	json_decref(j);
}

static void end(FILE *out, const struct report_options *o, const size_t counts[VERDICT_COUNT],
        uint64_t took_ns)
{
	(void)o;
	fprintf(out,
	        "],\n\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu,\"errors\":%zu,"
	        "\"took_ns\":%llu}\n",
	        counts[VERDICT_PASS], counts[VERDICT_FAIL], counts[VERDICT_SKIP],
	        counts[VERDICT_ERROR], (unsigned long long)took_ns);
}

const struct reporter reporter_json = {
        .name = "json",
        .help = "one JSON document with everything",
        .in_order = 1,
        .begin = begin,
        .outcome = outcome,
        .end = end,
};
