/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include "core/clock.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void lines(FILE *out, const char *title, const char *text)
{
	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			return;
		fprintf(out, "%-12s%.*s\n", title, (int)(end - text), text);
		title = "";
	}
}

void show_notes(FILE *out, const struct bench_result *r)
{
	for (const char *text = r->notes, *end; (end = strchr(text, '\n')); text = end + 1)
		fprintf(out, "lastack: note: %.*s\n", (int)(end - text), text);
}

/* A line for each host: as --set takes them, but for the tree that most are in. */
static void sysctls(FILE *out, const struct bench_result *r)
{
	const char *host = "";

	for (unsigned i = 0; i < r->n_sysctls; i++) {
		const struct bench_setting *s = &r->sysctls[i];
		const char *key = s->key, *quote = strchr(s->value, ' ') ? "\"" : "";

		if (!strncmp(key, "net.ipv4.", strlen("net.ipv4.")))
			key += strlen("net.ipv4.");
		if (strcmp(host, s->host))
			fprintf(out, "%s%-12s%s:", i ? "\n" : "", i ? "" : "with", s->host);
		host = s->host;
		fprintf(out, " %s=%s%s%s", key, quote, s->value, quote);
	}
	if (r->n_sysctls)
		fputc('\n', out);
}

/* With a space of its own before each number: a stay of a minute fills the column. */
static void latency(FILE *out, const char *name, const struct histogram *h)
{
	fprintf(out, "%-12s", name);
	if (!h->n)
		fprintf(out, " %10s", "-");
	for (const struct show_quantile *q = show_quantiles; h->n && q->name; q++)
		fprintf(out, " %10.1f", show_quantile_us(h, q->q));
	fprintf(out, "\n");
}

static void quantile_names(FILE *out, const char *title)
{
	fprintf(out, "\n%-12s", title);
	for (const struct show_quantile *q = show_quantiles; q->name; q++)
		fprintf(out, " %10s", q->name);
	fprintf(out, "\n");
}

static void latencies(FILE *out, const struct bench_result *r)
{
	quantile_names(out, "us");
	latency(out, "connect", &r->connect);
	latency(out, "first byte", &r->first_byte);
	latency(out, "whole life", &r->life);
}

/* How long sockets were in each state, of those that have left it. */
static void stays(FILE *out, const struct bench_result *r)
{
	if (!r->have_stays)
		return;
	for (int s = 0; s < 2; s++) {
		quantile_names(out, s == SIDE_CLIENT ? "client, us" : "server, us");
		for (int state = ST_NONE + 1; state < ST_COUNT; state++)
			if (r->stay[s][state].n)
				latency(out, tcp_state_name((enum tcp_state)state),
				        &r->stay[s][state]);
	}
	if (r->stream_lost)
		fprintf(out,
		        "%-12s%" PRIu64 " records were lost: the stays are those of the rest\n",
		        "note", r->stream_lost);
}

static void cpu_of(FILE *out, const char *what, const struct bench_cpu *c,
        const struct bench_result *r, const char *then)
{
	char us[32];

	fprintf(out, "%s %s us%s", what, show_number(show_cpu_us(c, r), 1, us, sizeof us), then);
}

static void cpu(FILE *out, const struct bench_result *r)
{
	fprintf(out, "%-12s", "CPU a conn.");
	if (r->have_client)
		cpu_of(out, "client", &r->cpu[SIDE_CLIENT], r, ", ");
	if (r->have_server)
		cpu_of(out, "server", &r->cpu[SIDE_SERVER], r, ", ");
	cpu_of(out, "rest of the process", &r->cpu_other, r, "\n");
}

/* So many for each connection, in ten columns; "-" when there were none. */
static void each(FILE *out, uint64_t from, uint64_t to, uint64_t n)
{
	char text[32];

	fprintf(out, "%10s",
	        show_number(n ? (double)(to - from) / (double)n : NAN, 2, text, sizeof text));
}

static void side(FILE *out, const struct bench_result *r, enum bench_side s)
{
	const struct bench_counts *a = &r->before[s], *b = &r->after[s];
	double peak = r->have_samples ? (double)r->peak_time_wait[s] : NAN;
	char text[32];

	fprintf(out, "%-12s%10" PRIu64 "%10s%10" PRIu64,
	        r->one_namespace && r->have_client && r->have_server ? "both"
	        : s == SIDE_CLIENT                                   ? "client"
	                                                             : "server",
	        b->time_wait, show_number(peak, 0, text, sizeof text),
	        b->tw_recycled - a->tw_recycled);
	each(out, a->out_segs, b->out_segs, r->done_counted);
	each(out, a->in_segs, b->in_segs, r->done_counted);
	fprintf(out, "%9" PRIu64 "%9" PRIu64 "\n", b->retrans - a->retrans,
	        b->out_rsts - a->out_rsts);
}

static void listeners(FILE *out, const struct bench_result *r)
{
	uint64_t over = 0, drops = 0, tw = 0;

	for (int s = 0; s < 2; s++) {
		if (!bench_side_counts(r, (enum bench_side)s))
			continue;
		over += r->after[s].listen_overflows - r->before[s].listen_overflows;
		drops += r->after[s].listen_drops - r->before[s].listen_drops;
		tw += r->after[s].tw_overflow - r->before[s].tw_overflow;
	}
	fprintf(out,
	        "%-12s%" PRIu64 " overflows, %" PRIu64 " drops; TIME_WAIT over the limit: %" PRIu64
	        "\n",
	        "listeners", over, drops, tw);
}

static void counts(FILE *out, const struct bench_result *r)
{
	uint64_t before = 0;

	if (!r->have_counts)
		return;
	fprintf(out, "\n%-12s%10s%10s%10s%10s%10s%9s%9s\n", "", "TIME_WAIT", "peak", "recycled",
	        "segs out", "segs in", "retrans", "RST out");
	for (int s = 0; s < 2; s++)
		if (bench_side_counts(r, (enum bench_side)s)) {
			side(out, r, (enum bench_side)s);
			before += r->before[s].time_wait;
		}
	if (before)
		fprintf(out, "%-12s%" PRIu64 " in TIME_WAIT before are not counted\n", "", before);
	listeners(out, r);
	if (r->counting.n)
		fprintf(out, "%-12sTIME_WAIT%s counted in %.1f us (median of %" PRIu64 ")\n", "",
		        r->one_namespace ? "" : " of both sides",
		        (double)histogram_quantile(&r->counting, 0.5) / 1e3, r->counting.n);
}

static void errors(FILE *out, const struct bench_result *r)
{
	for (int c = 0; c < CALL_COUNT; c++)
		for (int e = 0; e < BENCH_ERRNO_MAX; e++)
			if (r->why.count[c][e])
				fprintf(out, "%-12s%s: %s %" PRIu64 "\n", "error",
				        bench_call_name((enum bench_call)c), bench_error_name(e),
				        r->why.count[c][e]);
}

/* What was waited for in vain. */
static void in_flight(FILE *out, const struct bench_in_flight *f)
{
	char age[32];

	if (!f->all)
		return;
	fprintf(out, "%-12s%" PRIu64 " have not ended, the oldest begun %s ago:", "in flight",
	        f->all, duration_format(f->oldest_ns, age, sizeof age));
	for (int s = STAGE_CONNECT, n = 0; s < STAGE_COUNT; s++)
		if (f->n[s])
			fprintf(out, "%s %" PRIu64 " in %s", n++ ? "," : "", f->n[s],
			        bench_stage_name((enum bench_stage)s));
	fprintf(out, "\n");
}

static void full(FILE *out, const struct bench_full *f)
{
	char from[ENDPOINT_TEXT] = "any address", to[ENDPOINT_TEXT], at[32];

	if (!f->at_ns)
		return;
	if (f->from.family) {
		endpoint_format(&f->from, from, sizeof from);
		*strrchr(from, ':') = 0; /* of any port */
	}
	fprintf(out, "%-12sfirst EADDRNOTAVAIL after %s, from %s to %s", "ports full",
	        duration_format(f->at_ns, at, sizeof at), from,
	        endpoint_format(&f->to, to, sizeof to));
	if (f->counted)
		fprintf(out, ": %" PRIu64 " of %" PRIu64 " port%s held, %" PRIu64 " by TIME_WAIT",
		        f->ports_held, f->ports_all, bench_plural((double)f->ports_all),
		        f->held_time_wait);
	fprintf(out, "\n");
}

/* The kernel's own choice of a port searches every other port first, and then all the rest. */
static void cliff(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	const struct bench_config *c = &o->config;
	double pairs = (double)c->sources * c->dests * (c->against.family ? 1 : r->pairs);
	double ports = r->ports;

	if (r->have_client && c->ports == PORTS_KERNEL &&
	        (double)r->peak_time_wait[SIDE_CLIENT] > pairs * ports / 2)
		fprintf(out,
		        "%-12smore than half of the ports were held, and connect() searches long "
		        "for "
		        "one: --ports range avoids it, more --dests too\n",
		        "note");
}

static void outcome(FILE *out, const struct bench_result *r)
{
	char took[32];

	fprintf(out, "%-12s%" PRIu64 " connection%s", "result", r->done,
	        bench_plural((double)r->done));
	if (isfinite(show_rate(r)))
		fprintf(out, " in %s%s%s: %.0f/s", duration_format(r->took_ns, took, sizeof took),
		        r->have_client ? "" : " from the first to the last",
		        r->interrupted ? " (interrupted)" : "", show_rate(r));
	else if (r->interrupted)
		fputs(" (interrupted)", out);
	fprintf(out, ", %" PRIu64 " error%s\n", r->errors, bench_plural((double)r->errors));
}

void show_table(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	char words[SHOW_WORDS];

	lines(out, "note", r->notes);
	cliff(out, o, r);
	sysctls(out, r);
	fprintf(out, "%-12s%s\n", "run", show_what(o, r, words));
	fprintf(out, "%-12s%s\n", "asked for", show_asked(o, words));
	fprintf(out, "%-12s%s\n", "on", show_where(r, words));
	fprintf(out, "%-12s%s, %u x %u flow%s%s\n", "engine", r->engine, r->pairs, r->flows,
	        bench_plural(r->flows),
	        r->have_client && r->have_server ? ", each pair on a port of its own" : "");
	outcome(out, r);
	if (o->config.rate > 0)
		fprintf(out, "%-12s%.10g/s asked for, %" PRIu64 " were due and never begun\n", "",
		        o->config.rate, r->unserved);
	in_flight(out, &r->in_flight);
	full(out, &r->full);
	errors(out, r);
	if (r->have_client)
		latencies(out, r);
	stays(out, r);
	counts(out, r);
	cpu(out, r);
	fprintf(out, "%-12s%" PRIu64 " kB at most\n", "memory", r->max_rss_kb);
}

void show_result(FILE *out, const struct bench_options *o, const struct bench_result *r)
{
	switch (o->format) {
	case FORMAT_TABLE:
		show_table(out, o, r);
		break;
	case FORMAT_JSON:
		show_json_text(out, o, r);
		break;
	case FORMAT_CSV:
		show_notes(stderr, r);
		show_csv(out, o, r);
		break;
	}
}
