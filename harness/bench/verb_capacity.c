/* SPDX-License-Identifier: BSD-2-Clause */
/* `lastack bench capacity`: the prediction, and with --verify what happens. */
#include "capacity.h"
#include "core/clock.h"
#include "settings.h"
#include "show.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>

#define HELD_NS  (60 * NS_PER_S) /* TCP_TIMEWAIT_LEN */
#define REUSE_MS 1000            /* net.ipv4.tcp_tw_reuse_delay */

/* Whether either host refuses timestamps: a connection has them only if both want them. */
static int no_timestamps(const struct bench_config *c)
{
	static const char *const key = "net.ipv4.tcp_timestamps";

	return !settings_number(c, SIDE_CLIENT, key, 1) || !settings_number(c, SIDE_SERVER, key, 1);
}

/* The age at which connect() takes a TIME_WAIT's place; 0: it doesn't. */
static uint64_t reuse_ns(const struct bench_config *c)
{
	if (settings_number(c, SIDE_CLIENT, "net.ipv4.tcp_tw_reuse", 0) != 1 || no_timestamps(c))
		return 0;
	return settings_number(c, SIDE_CLIENT, "net.ipv4.tcp_tw_reuse_delay", REUSE_MS) * NS_PER_MS;
}

static struct capacity_question question(const struct bench_options *o)
{
	const struct bench_config *c = &o->config;
	const char *reserved = settings_value(c, SIDE_CLIENT, "net.ipv4.ip_local_reserved_ports");

	return (struct capacity_question){
	        .rate = c->rate > 0 ? c->rate : 1000,
	        .held_ns = o->time_wait_ns ? o->time_wait_ns : HELD_NS,
	        .reuse_ns = reuse_ns(c),
	        .hz = clock_hz(),
	        .buckets =
	                settings_number(c, SIDE_CLIENT, "net.ipv4.tcp_max_tw_buckets", UINT64_MAX),
	        .port_lo = o->port_lo,
	        .port_hi = o->port_hi,
	        .reserved = reserved ? settings_reserved(reserved, o->port_lo, o->port_hi) : 0,
	        .sources = c->sources,
	        .destinations = c->dests,
	};
}

/*
 * The same question put to the kernel: one pair, whose ports are the destination's, at the rate;
 * until it is full, or until the first TIME_WAITs have ended and their number stays. What is really
 * run comes back in *ret_o; its config.set is the caller's to free.
 */
static int verify(const struct bench_options *o, const struct capacity_question *q,
        const struct capacity_answer *a, struct bench_options *ret_o, struct bench_result *ret,
        struct err *err)
{
	struct bench_config *c = &ret_o->config;
	char range[32];
	double for_s;

	*ret_o = *o;
	settings_copy(c, &o->config);
	snprintf(range, sizeof range, "%u %u", q->port_lo, q->port_hi);
	settings_add(c, "client", "net.ipv4.ip_local_port_range", range);
	c->rate = q->rate;
	c->pairs = 1;
	c->ports = PORTS_RANGE;
	c->stop_when_full = !a->enough;
	for_s = a->capped   ? a->capped_s * 1.2 + 2
	        : a->enough ? (double)a->hi_ns / NS_PER_S + 5
	                    : a->full_s * 1.2 + 2;
	c->for_ns = (uint64_t)(for_s * NS_PER_S);
	fprintf(stderr, "this takes %.0f s\n", for_s);
	return bench_run(c, ret, err);
}

static void wanted(FILE *out, const struct capacity_answer *a)
{
	fprintf(out, "enough      %u pair%s of a source and a destination address", a->pairs,
	        bench_plural(a->pairs));
	if (a->ports_needed <= 65535 - 1024)
		fprintf(out, ", or %u port%s in each range", a->ports_needed,
		        bench_plural(a->ports_needed));
	fprintf(out, "\n");
}

static void what_happens(FILE *out, const struct capacity_answer *a)
{
	if (a->capped)
		fprintf(out,
		        "so          the ports last, for tcp_max_tw_buckets is full after %.2f s: "
		        "from then on\n"
		        "            sockets that end are destroyed at once, without TIME_WAIT\n",
		        a->capped_s);
	else if (a->enough)
		fprintf(out, "so          the ports last: %.0f %% of them are held\n",
		        100 * a->steady_hi / a->tuples);
	else
		fprintf(out, "so          the ports run out after %.2f s\n", a->full_s);
}

static void show(FILE *out, const struct capacity_question *q, const struct capacity_answer *a)
{
	fprintf(out,
	        "question    %.10g connection%s a second; client closes first, each four-tuple "
	        "then "
	        "held for %.2f to %.2f s%s\n",
	        q->rate, bench_plural(q->rate), (double)a->lo_ns / NS_PER_S,
	        (double)a->hi_ns / NS_PER_S, q->reuse_ns ? " (then tcp_tw_reuse)" : "");
	fprintf(out, "there are   %u port%s x %u source%s x %u destination%s = %.0f four-tuple%s",
	        a->ports, bench_plural(a->ports), q->sources, bench_plural(q->sources),
	        q->destinations, bench_plural(q->destinations), a->tuples, bench_plural(a->tuples));
	if (q->reserved)
		fprintf(out, " (%u port%s of the range %s reserved)", q->reserved,
		        bench_plural(q->reserved), q->reserved == 1 ? "is" : "are");
	fprintf(out, "\nsteady      %.0f to %.0f held at once (rate x time)\n", a->steady_lo,
	        a->steady_hi);
	what_happens(out, a);
	fprintf(out,
	        "limit       %.1f/s for ever; from %.1f/s on more than half of a range is held, "
	        "and "
	        "the kernel's own choice of a port becomes slow (lastack bench ports)\n",
	        a->rate_max, a->rate_half);
	wanted(out, a);
	fprintf(out, "memory      %.1f MB of minisockets; tcp_max_tw_buckets must be above %.0f\n",
	        a->memory_bytes / 1e6, a->buckets_needed);
}

static double seconds(const struct bench_result *r)
{
	return (double)r->took_ns / NS_PER_S;
}

/* A run that was stopped has seen what came until then, and nothing of what would have come. */
static void show_interrupted(FILE *out, const struct bench_result *r)
{
	fprintf(out,
	        "\nobserved    interrupted after %.2f s; so far %llu connection%s, at most %llu in "
	        "TIME_WAIT, ",
	        seconds(r), (unsigned long long)r->done, bench_plural((double)r->done),
	        (unsigned long long)r->peak_time_wait[SIDE_CLIENT]);
	if (r->full.at_ns)
		fprintf(out, "and the ports ran out after %.2f s\n",
		        (double)r->full.at_ns / NS_PER_S);
	else
		fprintf(out, "and the ports had not run out\n");
}

/*
 * Whether the client fell behind the rate, so that what did not happen is no answer to the
 * question. The last connections may have been due and not yet done.
 */
static int fell_behind(const struct capacity_question *q, const struct bench_result *r)
{
	double due = q->rate * seconds(r);

	return !r->interrupted && !r->full.at_ns && (double)r->done < 0.95 * due - 2;
}

#define BEHIND "not within %.0f s: only %.0f of the %.10g/s asked for were reached"

/* When the ports ran out, at the end of a line. */
static void show_full(FILE *out, const struct capacity_question *q, const struct bench_result *r,
        const char *otherwise)
{
	if (r->full.at_ns)
		fprintf(out, "%12.2f s\n", (double)r->full.at_ns / NS_PER_S);
	else if (fell_behind(q, r))
		fprintf(out, "  " BEHIND "\n", seconds(r), show_rate(r), q->rate);
	else
		fprintf(out, "%14s\n", otherwise);
}

static void show_lasting(FILE *out, const struct capacity_question *q,
        const struct capacity_answer *a, const struct bench_result *r)
{
	char most[32];

	/* What another connection may take stays until it is taken, or its minute is over. */
	if (a->capped)
		snprintf(most, sizeof most, "%.0f", a->at_most);
	else if (q->reuse_ns)
		snprintf(most, sizeof most, "<= %.0f", a->tuples);
	else
		snprintf(most, sizeof most, "%.0f-%.0f", a->steady_lo, a->steady_hi);
	fprintf(out, "%-22s%14s", "ports run out", "never");
	show_full(out, q, r, "never");
	fprintf(out, "%-22s%14s%14llu\n", "TIME_WAIT at most", most,
	        (unsigned long long)r->peak_time_wait[SIDE_CLIENT]);
	if (a->capped)
		fprintf(out, "%-22s%14s%14llu\n", "ended without one", "the rest",
		        (unsigned long long)(r->after[SIDE_CLIENT].tw_overflow -
		                             r->before[SIDE_CLIENT].tw_overflow));
}

static void show_running_out(FILE *out, const struct capacity_question *q,
        const struct capacity_answer *a, const struct bench_result *r)
{
	char otherwise[32];

	snprintf(otherwise, sizeof otherwise, "not in %.2f s", seconds(r));
	fprintf(out, "%-22s%12.2f s", "ports run out after", a->full_s);
	show_full(out, q, r, otherwise);
	fprintf(out, "%-22s%14.0f%14llu\n", "connections by then", a->tuples,
	        (unsigned long long)r->done);
	fprintf(out, "%-22s%14u", "ports held of one pair", a->ports);
	if (r->full.counted)
		fprintf(out, "%14llu\n", (unsigned long long)r->full.ports_held);
	else
		fprintf(out, "%14s\n", "-");
}

static void show_seen(FILE *out, const struct capacity_question *q, const struct capacity_answer *a,
        const struct bench_result *r)
{
	if (r->interrupted) {
		show_interrupted(out, r);
		return;
	}
	fprintf(out, "\n%-22s%14s%14s\n", "", "predicted", "observed");
	if (a->enough)
		show_lasting(out, q, a, r);
	else
		show_running_out(out, q, a, r);
}

static json_t *as_json(const struct capacity_question *q, const struct capacity_answer *a)
{
	json_t *j =
	        json_pack("{s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:b, s:f, s:f, s:i, s:i, s:f}",
	                "rate", q->rate, "held_s_least", (double)a->lo_ns / NS_PER_S, "held_s_most",
	                (double)a->hi_ns / NS_PER_S, "ports", (int)a->ports, "tuples", a->tuples,
	                "time_wait_least", a->steady_lo, "time_wait_most", a->steady_hi,
	                "time_wait_at_most", a->at_most, "enough", a->enough, "rate_max",
	                a->rate_max, "rate_half", a->rate_half, "pairs_enough", (int)a->pairs,
	                "ports_enough", (int)a->ports_needed, "memory_bytes", a->memory_bytes);

	json_object_set_new(j, "full_after_s", a->enough ? json_null() : json_real(a->full_s));
	json_object_set_new(
	        j, "buckets_full_after_s", a->capped ? json_real(a->capped_s) : json_null());
	return j;
}

static void write_json(
        FILE *out, const struct bench_options *o, json_t *prediction, const struct bench_result *r)
{
	json_t *j = json_pack("{s:o}", "predicted", prediction);

	if (r)
		json_object_set_new(j, "observed", show_json(o, r));
	json_dumpf(j, out, JSON_INDENT(1) | JSON_REAL_PRECISION(8));
	fputc('\n', out);
	json_decref(j);
}

int verb_capacity(const struct bench_options *o, FILE *out, struct err *err)
{
	struct capacity_question q = question(o);
	struct capacity_answer a = capacity(&q);
	struct bench_result *r = o->verify ? must(calloc(1, sizeof *r)) : NULL;
	struct bench_options run = {0};
	int failed = 0;

	if (r && o->time_wait_ns && o->time_wait_ns != HELD_NS) {
		free(r);
		return err_set(err, ERR_INPUT,
		        "bench capacity: TIME_WAIT is 60 s in the kernel and cannot be set: "
		        "--verify "
		        "has nothing to verify another time with");
	}
	if (settings_try(&o->config, err) || !a.ports) {
		free(r);
		return a.ports ? err_prefix(err, "bench capacity")
		               : err_set(err, ERR_INPUT,
		                         "bench capacity: every port of the range is reserved");
	}
	if (o->format == FORMAT_TABLE)
		show(out, &q, &a);
	fflush(out);
	if (r)
		failed = verify(o, &q, &a, &run, r, err);
	if (!failed && r)
		show_notes(stderr, r);
	if (!failed && r && o->format == FORMAT_JSON && fell_behind(&q, r))
		bench_note(r, "ports run out " BEHIND, seconds(r), show_rate(r), q.rate);
	if (!failed && o->format == FORMAT_JSON)
		write_json(out, &run, as_json(&q, &a), r);
	else if (!failed && r)
		show_seen(out, &q, &a, r);
	array_free(&run.config.set);
	free(r);
	return failed;
}
