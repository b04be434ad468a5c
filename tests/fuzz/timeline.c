/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a timeline: refused, or one that is written and read back the same, and judged. */
#include "model/timeline_read.c"

#include "expect/judge.h"
#include "expect/ledger.h"
#include "load/yaml.h"

static const char yaml[] = "claim: anything\nlink: wire\nsteps:\n"
                           "- client: {connect: 2}\n"
                           "- both: {close: all}\n"
                           "- expect: {within: 1s, client: {path: [ESTABLISHED, {TIME_WAIT: 60s}], "
                           "timer: {TIME_WAIT: \"1s .. 60s\"}, errors: {EPIPE: 1}}, "
                           "server: {CLOSE_WAIT: 1, recv_q: {CLOSE_WAIT: 1}}, wire: {fin: 2}}\n"
                           "- expect: {for: 1s, client: {TIME_WAIT: 1}}\n";

/* The same segments, whatever the steps of the timeline are. */
static const char segments_yaml[] = "claim: anything\nlink: wire\nsteps:\n"
                                    "- expect: {kernel: \">= 0.1\", wire: {order: [fin, last-ack], "
                                    "gaps of data from client: [200ms, \">= 1s\"]}}\n"
                                    "- expect: {wire: {gaps of fin from server: backoff}}\n"
                                    "- expect: {wire: {gaps of data from client: backoff}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_all(const struct timeline *t)
{
	size_t size;
	char *text;
	FILE *f = must(open_memstream(&text, &size));

	timeline_write_head(f, &t->head);
	array_each (const struct event, e, &t->events)
		timeline_write_event(f, &t->head, e);
	fclose(f);
	return text;
}

static void again(const struct timeline *t)
{
	char *text = write_all(t), *second;
	FILE *f = must(fmemopen(text, strlen(text), "r"));
	struct timeline back;
	struct err err = {0};

	if (timeline_read(f, "again", &back, &err)) {
		fprintf(stderr, "%s\n%s", err.text, text);
		abort();
	}
	fclose(f);
	second = write_all(&back);
	if (strcmp(text, second))
		abort();
	free(text);
	free(second);
	timeline_free(&back);
}

static void judge(const struct timeline *t)
{
	static struct scenario *s;
	struct verdict v;
	struct err err;

	if (!s)
		s = must(scenario_parse(yaml, sizeof yaml - 1, "fuzz.yaml", &err));
	judge_timeline(s, t, &v);
	verdict_free(&v);
}

/* One step for all of them, asked after each segment. */
static void judge_segments(const struct timeline *t)
{
	static struct scenario *s;
	const struct expectation_type *type;
	struct ledger *l;
	struct err err;

	if (!s)
		s = must(
		        scenario_parse(segments_yaml, sizeof segments_yaml - 1, "fuzz.yaml", &err));
	l = ledger_new(s, &t->head);
	for (size_t i = 0; i < t->events.n && i < 200; i++) {
		if (t->events.v[i].kind != EV_SEGMENT)
			continue;
		ledger_feed(l, &t->events.v[i], i);
		array_each (const struct step, st, &s->steps)
			array_each (const struct expectation, x, &st->expectations) {
				type = expectation_type_find(x->kind);
				if (!*type->evaluate(x, l).seen)
					abort();
			}
	}
	ledger_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timeline t;
	struct err err = {0};
	FILE *f;

	if (!size)
		return 0;
	f = must(fmemopen((void *)(uintptr_t)data, size, "r"));
	if (timeline_read(f, "fuzz", &t, &err)) {
		if (!*err.text)
			abort();
	} else {
		again(&t);
		judge(&t);
		judge_segments(&t);
		timeline_free(&t);
	}
	fclose(f);
	return 0;
}
