/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times between consecutive segments of one kind from one host, on each connection that has
 * them. Given times are those of the first gaps, in order. `backoff` is the kernel's ladder: each
 * first transmission begins one, all that are sent again must fit theirs, and there must be one.
 */
#include "backoff.h"
#include "phrase.h"
#include "stay.h"

#include "core/clock.h"

#include <string.h>

typedef ARRAY(size_t) places;

/* Where the segments are that are asked for. What the wire itself put in is nobody's. */
static void find(const struct expectation *x, const struct ledger_wire *w, places *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < w->segments.n; i++) {
		const struct ledger_segment *g = &w->segments.v[i];

		if (ledger_selects(&x->segment, g) &&
		        (g->fate != FATE_INJECTED || x->segment.fate == FATE_INJECTED))
			array_push(ret, i);
	}
}

static struct gap gap_at(const struct ledger_wire *w, const size_t *at)
{
	return gap_between(&w->segments.v[at[0]], &w->segments.v[at[1]]);
}

/* ---- in words ---- */

static void add_duration(struct phrase *p, uint64_t ns)
{
	char text[32];

	phrase_add(p, "%s", duration_format(ns, text, sizeof text));
}

static void add_gap(struct phrase *p, const struct gap *g)
{
	add_duration(p, g->lo_ns + (g->hi_ns - g->lo_ns) / 2);
	if (g->hi_ns - g->lo_ns > 2 * NS_PER_MS) {
		phrase_add(p, " (without timestamps, so ");
		add_duration(p, g->lo_ns);
		phrase_add(p, " to ");
		add_duration(p, g->hi_ns);
		phrase_add(p, ")");
	}
}

static void add_gaps(struct phrase *p, const struct ledger_wire *w, const size_t *at, size_t n)
{
	char who[TUPLE_TEXT];

	phrase_add(p, "%s:", tuple_format(&w->tuple, who, sizeof who));
	if (n < 2)
		phrase_add(p, " none yet");
	for (size_t i = 0; i + 1 < n; i++) {
		struct gap g = gap_at(w, at + i);

		phrase_add(p, i ? ", " : " ");
		add_gap(p, &g);
	}
}

/* "gap 2 is 208 ms, expected 400 ms to 448 ms; 198.18.0.1:40000 > ...: 206 ms, 208 ms" */
static struct answer fault(
        const struct ledger_wire *w, const size_t *at, size_t n, const struct backoff_fault *f)
{
	struct answer a = {.kind = ANSWER_FAILS};
	struct phrase p = {a.seen, sizeof a.seen, 0};
	struct gap g = gap_at(w, at + f->gap);

	phrase_add(&p, "gap %zu is ", f->gap + 1);
	add_gap(&p, &g);
	for (unsigned i = 0; i < f->n; i++) {
		phrase_add(&p, i ? " or " : ", expected ");
		phrase_window(&p, &f->want[i]);
	}
	phrase_add(&p, "; ");
	add_gaps(&p, w, at, n);
	return a;
}

/* ---- judging one connection ---- */

/* What was found on the connections so far. */
struct account {
	unsigned n;           /* connections, or for `backoff` segments sent again */
	unsigned short_of;    /* of these, with fewer gaps than asked for */
	struct answer answer; /* fails, or a word on the first connection */
};

static void note(struct account *a, enum answer_kind kind, const struct ledger_wire *w,
        const places *at, size_t from, size_t to)
{
	struct phrase p = {a->answer.seen, sizeof a->answer.seen, 0};

	a->answer.kind = kind;
	add_gaps(&p, w, at->v + from, to - from);
}

/* Returns -1 when it fails. */
static int given(const struct expectation *x, const struct ledger *l, const struct ledger_wire *w,
        const places *at, struct account *a)
{
	if (!at->n)
		return 0;
	for (size_t i = 0; i < x->gaps.n && i + 1 < at->n; i++) {
		struct gap g = gap_at(w, at->v + i);
		struct backoff_fault f = {i, 1, {stay_bounds(&x->gaps.v[i], l->head->hz)}};

		if (g.lo_ns <= f.want[0].hi_ns && g.hi_ns >= f.want[0].lo_ns)
			continue;
		a->answer = fault(w, at->v, at->n, &f);
		return -1;
	}
	if (at->n <= x->gaps.n && !a->short_of++)
		note(a, ANSWER_UNDECIDED, w, at, 0, at->n);
	if (!a->n++ && !a->short_of)
		note(a, ANSWER_HOLDS, w, at, 0, at->n);
	return 0;
}

static int ladder(const struct ledger *l, const struct ledger_wire *w, const places *at,
        size_t from, size_t to, struct account *a)
{
	struct backoff_fault f;

	if (to - from < 2)
		return 0;
	if (backoff_check(l, w, at->v + from, to - from, &f)) {
		a->answer = fault(w, at->v + from, to - from, &f);
		return -1;
	}
	if (!a->n)
		note(a, ANSWER_HOLDS, w, at, from, to);
	a->n += (unsigned)(to - from - 1);
	return 0;
}

/* Each first transmission begins a ladder. */
static int ladders(
        const struct ledger *l, const struct ledger_wire *w, const places *at, struct account *a)
{
	size_t from = 0;

	for (size_t i = 1; i < at->n; i++) {
		if (w->segments.v[at->v[i]].again)
			continue;
		if (ladder(l, w, at, from, i, a))
			return -1;
		from = i;
	}
	return ladder(l, w, at, from, at->n, a);
}

static struct answer sum_up(const struct expectation *x, const struct account *a)
{
	struct answer r = {.kind = a->answer.kind};
	struct phrase p = {r.seen, sizeof r.seen, 0};

	if (r.kind == ANSWER_FAILS)
		return a->answer;
	if (!a->n)
		return answer_make(ANSWER_UNDECIDED,
		        x->gaps.n ? "no such segment yet" : "none was sent again");
	if (!x->gaps.n)
		phrase_add(&p, "%u sent again; ", a->n);
	else if (a->short_of)
		phrase_add(&p, "%u of %u connections have fewer gaps; ", a->short_of, a->n);
	else
		phrase_add(&p, "%u connection%s; ", a->n, a->n == 1 ? "" : "s");
	phrase_add(&p, "%s", a->answer.seen);
	return r;
}

static struct answer evaluate(const struct expectation *x, const struct ledger *l)
{
	struct account a = {.answer = {.kind = ANSWER_UNDECIDED}};
	places at = {0};
	int failed = 0;

	if (!ledger_sees_segments(l))
		return answer_no_wire();
	for (const struct ledger_wire *w = l->wire; w && !failed; w = w->hh.next) {
		find(x, w, &at);
		failed = x->gaps.n ? given(x, l, w, &at, &a) : ladders(l, w, &at, &a);
	}
	array_free(&at);
	return sum_up(x, &a);
}

const struct expectation_type expectation_gaps = {
        .name = "gaps",
        .key = "gaps of",
        .shape = SHAPE_GAPS,
        .of_wire = 1,
        .durations = 1,
        .tells_times = 1,
        .help = "gaps of fin from server: [\"200ms .. 215ms\", 1s]: on each connection with such "
                "segments, the first times from one to the next, by the sender's timestamps; a "
                "bare time is the length of a kernel timer. gaps of fin from server: backoff: what "
                "is sent again comes at the timeouts of the kernel, each twice the one before, "
                "after a tail loss probe or without",
        .evaluate = evaluate,
};
