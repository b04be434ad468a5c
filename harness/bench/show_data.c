/* SPDX-License-Identifier: BSD-2-Clause */
/* A result for programs: JSON with all of it, CSV with the samples over time. */
#include "run.h"
#include "show.h"

#include "core/clock.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static json_t *latency(const struct histogram *h)
{
	json_t *j = json_object();

	json_object_set_new(j, "n", json_integer((json_int_t)h->n));
	json_object_set_new(j, "min", show_real(h->n ? (double)h->min / 1e3 : NAN));
	json_object_set_new(j, "mean", show_real(h->n ? histogram_mean(h) / 1e3 : NAN));
	for (const struct show_quantile *q = show_quantiles; q->name; q++)
		json_object_set_new(j, q->name, show_real(show_quantile_us(h, q->q)));
	return j;
}

/* How long sockets were in each state, of those that have left it. */
static json_t *stays(const struct histogram stay[ST_COUNT])
{
	json_t *j = json_object();

	for (int state = ST_NONE + 1; state < ST_COUNT; state++)
		if (stay[state].n)
			json_object_set_new(
			        j, tcp_state_name((enum tcp_state)state), latency(&stay[state]));
	return j;
}

static json_t *latencies(const struct bench_result *r)
{
	return json_pack("{s:f, s:o, s:o, s:o}", "relative_error", HISTOGRAM_ERROR, "connect",
	        latency(&r->connect), "first_byte", latency(&r->first_byte), "life",
	        latency(&r->life));
}

static const struct {
	const char *name;
	size_t at;
} counted[] = {
#define COUNT(field)                                                                               \
	{                                                                                          \
#field, offsetof(struct bench_counts, field)                                       \
	}
        COUNT(in_segs),
        COUNT(out_segs),
        COUNT(retrans),
        COUNT(out_rsts),
        COUNT(active_opens),
        COUNT(passive_opens),
        COUNT(tw),
        COUNT(tw_recycled),
        COUNT(tw_killed),
        COUNT(tw_overflow),
        COUNT(listen_overflows),
        COUNT(listen_drops),
        COUNT(abort_on_data),
        COUNT(abort_on_close),
        COUNT(delayed_acks),
        COUNT(paws_active),
#undef COUNT
};

static json_int_t value_at(const struct bench_counts *c, size_t at)
{
	uint64_t v;

	memcpy(&v, (const char *)c + at, sizeof v);
	return (json_int_t)v;
}

static json_t *counts(const struct bench_result *r, enum bench_side s)
{
	json_t *j = json_object();
	double n = r->done_counted ? (double)r->done_counted : NAN;

	json_object_set_new(j, "time_wait", json_integer((json_int_t)r->after[s].time_wait));
	json_object_set_new(
	        j, "time_wait_before", json_integer((json_int_t)r->before[s].time_wait));
	json_object_set_new(j, "peak_time_wait",
	        r->have_samples ? json_integer((json_int_t)r->peak_time_wait[s]) : json_null());
	for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
		json_object_set_new(j, counted[i].name,
		        json_integer(value_at(&r->after[s], counted[i].at) -
		                     value_at(&r->before[s], counted[i].at)));
	json_object_set_new(j, "segments_out_per_connection",
	        show_real((double)(r->after[s].out_segs - r->before[s].out_segs) / n));
	json_object_set_new(j, "segments_in_per_connection",
	        show_real((double)(r->after[s].in_segs - r->before[s].in_segs) / n));
	return j;
}

static json_t *errors(const struct bench_errors *e)
{
	json_t *j = json_object();

	for (int c = 0; c < CALL_COUNT; c++)
		for (int i = 0; i < BENCH_ERRNO_MAX; i++) {
			char key[64];
			const char *name = strerrorname_np(i);

			if (!e->count[c][i])
				continue;
			snprintf(key, sizeof key, "%s %s", bench_call_name((enum bench_call)c),
			        name ? name : "?");
			json_object_set_new(j, key, json_integer((json_int_t)e->count[c][i]));
		}
	return j;
}

static json_t *full(const struct bench_full *f)
{
	char from[ENDPOINT_TEXT] = "", to[ENDPOINT_TEXT];

	if (!f->at_ns)
		return json_null();
	if (f->from.family)
		endpoint_format(&f->from, from, sizeof from);
	if (*from)
		*strrchr(from, ':') = 0; /* of any port */
	return json_pack("{s:f, s:s, s:s, s:I, s:I, s:I, s:b}", "at_s", (double)f->at_ns / NS_PER_S,
	        "from", from, "to", endpoint_format(&f->to, to, sizeof to), "ports_held",
	        (json_int_t)f->ports_held, "ports", (json_int_t)f->ports_all, "held_by_time_wait",
	        (json_int_t)f->held_time_wait, "counted", f->counted);
}

static json_t *in_flight(const struct bench_in_flight *f)
{
	json_t *j = json_pack(
	        "{s:I, s:f}", "n", (json_int_t)f->all, "oldest_s", (double)f->oldest_ns / NS_PER_S);

	for (int s = STAGE_CONNECT; s < STAGE_COUNT; s++)
		json_object_set_new(j, bench_stage_name((enum bench_stage)s),
		        json_integer((json_int_t)f->n[s]));
	return j;
}

/* What only the stream, or a dump of the sockets, tells. */
static json_t *dumped(const struct bench_sample *v)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "established_client",
	        (json_int_t)v->established[SIDE_CLIENT], "established_server",
	        (json_int_t)v->established[SIDE_SERVER], "other_client",
	        (json_int_t)v->other[SIDE_CLIENT], "other_server",
	        (json_int_t)v->other[SIDE_SERVER]);
}

static json_t *series(const struct bench_result *r, int states)
{
	static const char *const names[] = {"time_wait_client", "time_wait_server"};
	json_t *j = json_array();

	for (size_t i = 0; i < r->series.n; i++) {
		const struct bench_sample *v = &r->series.v[i];
		json_t *one = json_pack("{s:f, s:I, s:I}", "at_s", (double)v->at_ns / NS_PER_S,
		        "connections", (json_int_t)v->done, "errors", (json_int_t)v->errors);

		for (int s = 0; s < 2; s++)
			if (bench_side_sampled(r, (enum bench_side)s))
				json_object_set_new(
				        one, names[s], json_integer((json_int_t)v->time_wait[s]));
		if (states)
			json_object_update_new(one, dumped(v));
		json_array_append_new(j, one);
	}
	return j;
}

static json_t *text_lines(const char *text)
{
	json_t *j = json_array();

	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		json_array_append_new(j, json_stringn(text, (size_t)(end - text)));
	return j;
}

static void add_counts(json_t *j, const struct bench_result *r)
{
	static const char *const names[] = {"client", "server"};

	for (int s = 0; s < 2; s++)
		if (r->have_counts && bench_side_counts(r, (enum bench_side)s))
			json_object_set_new(j, names[s], counts(r, (enum bench_side)s));
}

static json_t *cpu(const struct bench_result *r)
{
	return json_pack("{s:o, s:o, s:o}", "client",
	        show_real(r->have_client ? show_cpu_us(&r->cpu[SIDE_CLIENT], r) : NAN), "server",
	        show_real(r->have_server ? show_cpu_us(&r->cpu[SIDE_SERVER], r) : NAN), "rest",
	        show_real(show_cpu_us(&r->cpu_other, r)));
}

json_t *show_json(const struct bench_options *o, const struct bench_result *r)
{
	json_t *j = json_pack("{s:s, s:i, s:i, s:o, s:f, s:I, s:I, s:I, s:b}", "engine", r->engine,
	        "pairs", (int)r->pairs, "flows", (int)r->flows, "rate", show_real(show_rate(r)),
	        "took_s", (double)r->took_ns / NS_PER_S, "connections", (json_int_t)r->done,
	        "errors", (json_int_t)r->errors, "unserved", (json_int_t)r->unserved, "interrupted",
	        r->interrupted);

	json_object_set_new(j, "latency_us", latencies(r));
	json_object_set_new(j, "cpu_us", cpu(r));
	json_object_set_new(j, "counting_us", latency(&r->counting));
	json_object_set_new(j, "max_rss_kb", json_integer((json_int_t)r->max_rss_kb));
	json_object_set_new(j, "why", errors(&r->why));
	json_object_set_new(j, "full", full(&r->full));
	json_object_set_new(j, "in_flight", in_flight(&r->in_flight));
	add_counts(j, r);
	if (r->have_stays)
		json_object_set_new(j, "stay_us",
		        json_pack("{s:o, s:o, s:I}", "client", stays(r->stay[SIDE_CLIENT]),
		                "server", stays(r->stay[SIDE_SERVER]), "lost",
		                (json_int_t)r->stream_lost));
	json_object_set_new(j, "notes", text_lines(r->notes));
	json_object_set_new(j, "run", show_run(o, r));
	json_object_set_new(j, "sysctls", show_sysctls(r));
	json_object_set_new(j, "series", series(r, o->config.observe == OBSERVE_FULL));
	return j;
}

void show_json_text(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	json_t *j = show_json(o, r);

	json_dumpf(j, out, JSON_INDENT(1) | JSON_REAL_PRECISION(8));
	fputc('\n', out);
	json_decref(j);
}

void show_csv(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	int states = o->config.observe == OBSERVE_FULL;
	struct bench_sample last = {0};

	fprintf(out, "seconds,connections,rate,errors,time_wait_client,time_wait_server%s\n",
	        states ? ",established_client,established_server,other_client,other_server" : "");
	for (size_t i = 0; i < r->series.n; i++) {
		const struct bench_sample *v = &r->series.v[i];
		double passed = (double)(v->at_ns - last.at_ns) / NS_PER_S;

		fprintf(out, "%.3f,%" PRIu64 ",", (double)v->at_ns / NS_PER_S, v->done);
		if (series_tells_rate(&r->series, i))
			fprintf(out, "%.0f",
			        passed > 0 ? (double)(v->done - last.done) / passed : 0);
		fprintf(out, ",%" PRIu64, v->errors);
		for (int s = 0; s < 2; s++)
			if (bench_side_sampled(r, (enum bench_side)s))
				fprintf(out, ",%" PRIu64, v->time_wait[s]);
			else
				fputc(',', out);
		if (states)
			fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
			        v->established[SIDE_CLIENT], v->established[SIDE_SERVER],
			        v->other[SIDE_CLIENT], v->other[SIDE_SERVER]);
		fputc('\n', out);
		last = *v;
	}
}
