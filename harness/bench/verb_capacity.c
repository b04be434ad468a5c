/* SPDX-License-Identifier: BSD-2-Clause */
/* `lastack bench capacity`: the prediction, and with --verify what happens. */
#include "capacity.h"
#include "core/clock.h"
#include "show.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HELD_NS (60 * NS_PER_S) /* TCP_TIMEWAIT_LEN */
#define PORT_LO 32768           /* the kernel's default range */
#define PORT_HI 60999

/* What the user sets on the client; NULL when nothing. */
static const char *client_setting(const struct bench_options *o, const char *key)
{
	const char *value = NULL;

	array_each (const struct bench_setting, s, &o->config.set)
		if (strcmp(s->host, "server") && !strcmp(s->key, key))
			value = s->value;
	return value;
}

static uint64_t reuse_ns(const struct bench_options *o)
{
	const char *reuse = client_setting(o, "net.ipv4.tcp_tw_reuse");
	const char *delay = client_setting(o, "net.ipv4.tcp_tw_reuse_delay");

	if (!reuse || strcmp(reuse, "1"))
		return 0;
	return delay ? strtoull(delay, NULL, 10) * NS_PER_MS : NS_PER_S;
}

static struct capacity_question question(const struct bench_options *o)
{
	return (struct capacity_question){
	        .rate = o->config.rate > 0 ? o->config.rate : 1000,
	        .held_ns = o->time_wait_ns ? o->time_wait_ns : HELD_NS,
	        .reuse_ns = reuse_ns(o),
	        .hz = clock_hz(),
	        .port_lo = o->port_lo ? o->port_lo : PORT_LO,
	        .port_hi = o->port_hi ? o->port_hi : PORT_HI,
	        .sources = o->config.sources,
	        .destinations = o->config.dests,
	};
}

static void set(struct bench_config *c, const char *key, const char *value)
{
	struct bench_setting s = {.host = "client"};

	snprintf(s.key, sizeof s.key, "%s", key);
	snprintf(s.value, sizeof s.value, "%s", value);
	array_push(&c->set, s);
}

/*
 * The same question put to the kernel: one pair, whose ports are the destination's, at the rate;
 * until it is full, or until the first TIME_WAITs have ended and their number stays.
 */
static int verify(const struct bench_options *o, const struct capacity_question *q,
        const struct capacity_answer *a, struct bench_result *ret, struct err *err)
{
	struct bench_config c = o->config;
	char range[32];
	double seconds;
	int failed;

	c.set.v = NULL;
	c.set.n = c.set.cap = 0;
	array_each (const struct bench_setting, s, &o->config.set)
		array_push(&c.set, *s);
	snprintf(range, sizeof range, "%u %u", q->port_lo, q->port_hi);
	set(&c, "net.ipv4.ip_local_port_range", range);
	c.rate = q->rate;
	c.pairs = 1;
	c.ports = PORTS_RANGE;
	c.stop_when_full = !a->enough;
	seconds = a->enough ? (double)a->hi_ns / NS_PER_S + 5 : a->full_s * 1.2 + 2;
	c.for_ns = (uint64_t)(seconds * NS_PER_S);
	fprintf(stderr, "this takes %.0f s\n", seconds);
	failed = bench_run(&c, ret, err);
	bench_config_free(&c);
	return failed;
}

static void wanted(FILE *out, const struct capacity_answer *a)
{
	fprintf(out, "enough      %u pairs of a source and a destination address", a->pairs);
	if (a->ports_needed <= 65535 - 1024)
		fprintf(out, ", or %u ports in each range", a->ports_needed);
	fprintf(out, "\n");
}

static void show(FILE *out, const struct capacity_question *q, const struct capacity_answer *a)
{
	fprintf(out,
	        "question    %g connections a second; client closes first, each four-tuple then "
	        "held for %.2f to %.2f s%s\n",
	        q->rate, (double)a->lo_ns / NS_PER_S, (double)a->hi_ns / NS_PER_S,
	        q->reuse_ns ? " (then tcp_tw_reuse)" : "");
	fprintf(out, "there are   %u ports x %u sources x %u destinations = %.0f four-tuples\n",
	        a->ports, q->sources, q->destinations, a->tuples);
	fprintf(out, "steady      %.0f to %.0f held at once (rate x time)\n", a->steady_lo,
	        a->steady_hi);
	if (a->enough)
		fprintf(out, "so          the ports last: %.0f %% of them are held\n",
		        100 * a->steady_hi / a->tuples);
	else
		fprintf(out, "so          the ports run out after %.2f s\n", a->full_s);
	fprintf(out,
	        "limit       %.1f/s for ever; from %.1f/s on more than half of a range is held, "
	        "and "
	        "the kernel's own choice of a port becomes slow (lastack bench ports)\n",
	        a->rate_max, a->rate_half);
	wanted(out, a);
	fprintf(out, "memory      %.1f MB of minisockets; tcp_max_tw_buckets must be above %.0f\n",
	        a->memory_bytes / 1e6, fmin(a->steady_hi, a->tuples));
}

static void show_seen(FILE *out, const struct capacity_question *q, const struct capacity_answer *a,
        const struct bench_result *r)
{
	double at = (double)r->full.at_ns / NS_PER_S;

	fprintf(out, "\n%-22s%14s%14s\n", "", "predicted", "observed");
	if (a->enough) {
		char most[32];

		/* What another connection may take stays until it is taken, or its minute is over.
		 */
		if (q->reuse_ns)
			snprintf(most, sizeof most, "<= %.0f", a->tuples);
		else
			snprintf(most, sizeof most, "%.0f-%.0f", a->steady_lo, a->steady_hi);
		fprintf(out, "%-22s%14s%14s\n", "ports run out", "never",
		        r->full.at_ns ? "yes" : "never");
		fprintf(out, "%-22s%14s%14llu\n", "TIME_WAIT at most", most,
		        (unsigned long long)r->peak_time_wait[SIDE_CLIENT]);
	} else {
		fprintf(out, "%-22s%12.2f s", "ports run out after", a->full_s);
		if (r->full.at_ns)
			fprintf(out, "%12.2f s\n", at);
		else
			fprintf(out, "%14s\n", "never");
		fprintf(out, "%-22s%14.0f%14llu\n", "connections by then", a->tuples,
		        (unsigned long long)r->done);
		fprintf(out, "%-22s%14u%14llu\n", "ports held of one pair", a->ports,
		        (unsigned long long)r->full.ports_held);
	}
}

static json_t *as_json(const struct capacity_question *q, const struct capacity_answer *a)
{
	return json_pack("{s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:b, s:f, s:f, s:o, s:i, s:i, s:f}",
	        "rate", q->rate, "held_s_least", (double)a->lo_ns / NS_PER_S, "held_s_most",
	        (double)a->hi_ns / NS_PER_S, "ports", (int)a->ports, "tuples", a->tuples,
	        "time_wait_least", a->steady_lo, "time_wait_most", a->steady_hi, "enough",
	        a->enough, "rate_max", a->rate_max, "rate_half", a->rate_half, "full_after_s",
	        a->enough ? json_null() : json_real(a->full_s), "pairs_enough", (int)a->pairs,
	        "ports_enough", (int)a->ports_needed, "memory_bytes", a->memory_bytes);
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
	int failed = 0;

	if (r && o->time_wait_ns && o->time_wait_ns != HELD_NS) {
		free(r);
		return err_set(err, ERR_INPUT,
		        "bench capacity: TIME_WAIT is 60 s in the kernel and cannot be set: "
		        "--verify "
		        "has nothing to verify another time with");
	}
	if (o->format == FORMAT_TABLE)
		show(out, &q, &a);
	fflush(out);
	if (r)
		failed = verify(o, &q, &a, r, err);
	if (!failed && o->format == FORMAT_JSON)
		write_json(out, o, as_json(&q, &a), r);
	else if (!failed && r)
		show_seen(out, &q, &a, r);
	free(r);
	return failed;
}
