/* SPDX-License-Identifier: BSD-2-Clause */
#include "remarks.h"

#define NEARLY_ALL 0.9

/* What failed most often. */
static void most_often(const struct bench_errors *why, enum bench_call *ret_call, int *ret_error)
{
	uint64_t most = 0;

	*ret_call = CALL_CONNECT;
	*ret_error = 0;
	for (int c = 0; c < CALL_COUNT; c++)
		for (int e = 0; e < BENCH_ERRNO_MAX; e++)
			if (why->count[c][e] > most) {
				most = why->count[c][e];
				*ret_call = (enum bench_call)c;
				*ret_error = e;
			}
}

static void nothing_done(struct bench_result *r)
{
	enum bench_call call;
	int error;

	if (!r->have_client || r->done)
		return;
	most_often(&r->why, &call, &error);
	if (r->errors)
		bench_note(r, "no connection has succeeded; what failed most often is %s: %s",
		        bench_call_name(call), bench_error_name(error));
	else
		bench_note(r,
		        "no connection has ended, well or badly: in flight tells where they are");
}

static void too_few(const struct bench_config *c, struct bench_result *r)
{
	char time[32];

	if (!r->have_client || r->done >= c->max_conns || !c->for_ns || r->interrupted ||
	        (c->stop_when_full && r->full.at_ns))
		return;
	bench_note(r, "only %llu of %llu connection%s: the %s of --for were over first",
	        (unsigned long long)r->done, (unsigned long long)c->max_conns,
	        bench_plural((double)c->max_conns), duration_format(c->for_ns, time, sizeof time));
}

/* Of the side that sent more of them, or had more reasons to. */
static uint64_t resets(const struct bench_result *r)
{
	uint64_t most = 0;

	for (int s = 0; s < 2; s++) {
		const struct bench_counts *a = &r->before[s], *b = &r->after[s];
		uint64_t sent = b->out_rsts - a->out_rsts;
		uint64_t aborted =
		        b->abort_on_data - a->abort_on_data + b->abort_on_close - a->abort_on_close;

		if (!bench_side_counts(r, (enum bench_side)s))
			continue;
		most = sent > most ? sent : most;
		most = aborted > most ? aborted : most;
	}
	return most;
}

/* A refused connection is a reset too, but that is an error already. */
static void reset(const struct bench_config *c, struct bench_result *r)
{
	if (c->how == HOW_RST || !r->have_counts || !r->done_counted ||
	        (double)resets(r) < NEARLY_ALL * (double)r->done_counted + (double)r->errors)
		return;
	bench_note(r, "nearly every connection was reset%s",
	        c->against.family || c->serve.family
	                ? ": do both sides ask for the same --request and --response?"
	                : "");
}

void bench_remark(const struct bench_config *c, struct bench_result *r)
{
	nothing_done(r);
	too_few(c, r);
	reset(c, r);
}
