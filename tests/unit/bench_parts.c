/* SPDX-License-Identifier: BSD-2-Clause */
/* The small parts of the benchmark: whose turn an address is, samples in fixed memory, options. */
#include "bench/options.h"
#include "bench/pace.h"
#include "bench/ports.h"
#include "bench/run.h"
#include "bench/settings.h"
#include "bench/svg.h"
#include "bench/targets.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static void addresses_carry(void **state)
{
	struct endpoint e, next;
	char text[ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(endpoint_parse("198.18.0.254:512", &e), 0);
	next = endpoint_after(&e, 3);
	assert_string_equal(endpoint_format(&next, text, sizeof text), "198.18.1.1:512");
	assert_int_equal(endpoint_parse("[2001:2::ffff]:1", &e), 0);
	next = endpoint_after(&e, 1);
	assert_string_equal(endpoint_format(&next, text, sizeof text), "[2001:2::1:0]:1");
}

static unsigned last_byte(const struct sockaddr_storage *s)
{
	return ntohl(((const struct sockaddr_in *)s)->sin_addr.s_addr) & 255;
}

static unsigned port(const struct sockaddr_storage *s)
{
	return ntohs(((const struct sockaddr_in *)s)->sin_port);
}

/* Every combination comes once before any comes twice. */
static void each_four_tuple_has_its_turn(void **state)
{
	struct bench_config c = {.dests = 3, .sources = 2, .ports = PORTS_BIND};
	static unsigned char seen[3][2][10];
	struct endpoint from, to;
	struct targets t;

	(void)state;
	endpoint_parse("198.18.0.1:0", &from);
	endpoint_parse("198.19.0.1:512", &to);
	targets_init(&t, &c, &from, &to, 100, 109);
	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < 3 * 2 * 10; i++) {
			struct target g;

			targets_next(&t, &g);
			seen[last_byte(g.to) - 1][last_byte(&g.from) - 1][port(&g.from) - 100]++;
		}
		for (size_t i = 0; i < sizeof seen; i++)
			assert_int_equal(((unsigned char *)seen)[i], round);
	}
	assert_false(targets_plain(&t));
	targets_free(&t);
}

static void the_kernel_chooses(void **state)
{
	struct bench_config c = {.dests = 1, .sources = 1};
	struct endpoint from, to;
	struct targets t;
	struct target g;

	(void)state;
	endpoint_parse("198.18.0.1:0", &from);
	endpoint_parse("198.19.0.1:512", &to);
	targets_init(&t, &c, &from, &to, 1024, 65535);
	targets_next(&t, &g);
	assert_true(targets_plain(&t));
	assert_int_equal(g.from.ss_family, AF_UNSPEC);
	targets_free(&t);
}

static void samples_stay_in_their_memory(void **state)
{
	struct bench_series *s = must(malloc(sizeof *s));
	uint64_t ns = 0;

	(void)state;
	series_init(s, 100 * NS_PER_MS);
	for (; ns < 600 * NS_PER_S; ns += 100 * NS_PER_MS)
		if (series_due(s, ns))
			series_add(s, &(struct bench_sample){.at_ns = ns, .done = ns / NS_PER_MS});
	assert_in_range(s->n, BENCH_SAMPLES / 2, BENCH_SAMPLES);
	assert_true(ns - s->v[s->n - 1].at_ns <= 2 * s->step_ns);
	for (size_t i = 0; i < s->n; i++) {
		assert_true(s->v[i].done == s->v[i].at_ns / NS_PER_MS);
		if (i)
			assert_true(s->v[i].at_ns - s->v[i - 1].at_ns <= 2 * s->step_ns);
	}
	free(s);
}

struct begun {
	unsigned n;
	uint32_t flow[16];
};

static void note_begin(void *arg, uint32_t flow, uint64_t due_ns)
{
	struct begun *b = arg;

	(void)due_ns;
	b->flow[b->n++ % 16] = flow;
}

/* A failure gives its place in the quota back; the last success is told, once. */
static void a_quota_is_exact(void **state)
{
	struct event_base *base = event_base_new();
	struct begun b = {0};
	struct quota q = {.to_begin = 5, .to_end = 5, .fd = eventfd(0, EFD_NONBLOCK)};
	struct pace p;
	uint64_t told;

	(void)state;
	assert_int_equal(pace_open(&p, base, 3, 0, note_begin, &b), 0);
	p.quota = &q;
	pace_go(&p, 3, 0);
	assert_int_equal(b.n, 3);
	for (unsigned i = 0; i < 4; i++)
		pace_ended(&p, 1 + i % 2, 0);
	assert_int_equal(b.n, 5);
	pace_ended(&p, 0, 1);
	assert_int_equal(b.n, 5);
	assert_int_equal(read(q.fd, &told, sizeof told), -1);
	while (b.n == 5)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	pace_ended(&p, b.flow[5], 0);
	assert_int_equal(b.n, 6);
	assert_int_equal(read(q.fd, &told, sizeof told), sizeof told);
	assert_int_equal(told, 1);
	pace_close(&p);
	close(q.fd);
	event_base_free(base);
}

static void busy(uint64_t ns)
{
	for (uint64_t end = clock_now_ns() + ns; clock_now_ns() < end;)
		;
}

/* What was due is begun at the end, as far as there are free flows: only the rest is unserved. */
static void nothing_is_unserved_beside_a_free_flow(void **state)
{
	struct event_base *base = event_base_new();
	struct begun b = {0};
	struct pace p;

	(void)state;
	assert_int_equal(pace_open(&p, base, 1000, 1000, note_begin, &b), 0);
	pace_go(&p, 1000, 0);
	busy(5 * NS_PER_MS); /* the loop doesn't turn: its timer begins none */
	pace_finish(&p);
	assert_true(b.n >= 6);
	assert_int_equal(p.unserved, 0);
	pace_close(&p);
	event_base_free(base);
}

static void what_finds_no_flow_is_unserved(void **state)
{
	struct event_base *base = event_base_new();
	struct begun b = {0};
	struct pace p;

	(void)state;
	assert_int_equal(pace_open(&p, base, 2, 1e6, note_begin, &b), 0);
	pace_go(&p, 2, 0);
	while (b.n < 2)
		event_base_loop(base, EVLOOP_ONCE);
	busy(NS_PER_MS);
	pace_finish(&p);
	assert_true(p.unserved >= 998);
	pace_ended(&p, 0, 0); /* after the end nothing begins */
	assert_int_equal(b.n, 2);
	pace_close(&p);
	b.n = 0;
	assert_int_equal(pace_open(&p, base, 2, 1e6, note_begin, &b), 0);
	p.running = 1;
	p.first_ns = clock_now_ns() + 60 * NS_PER_S;
	pace_finish(&p);
	assert_int_equal(p.unserved, 0);
	pace_close(&p);
	event_base_free(base);
}

static int parse(struct bench_options *o, struct err *err, const char *first, const char *second,
        const char *third)
{
	char words[3][64];
	char *argv[] = {"bench", words[0], words[1], words[2], NULL};
	int n = 1;

	snprintf(words[0], sizeof words[0], "%s", first);
	snprintf(words[1], sizeof words[1], "%s", second ? second : "");
	snprintf(words[2], sizeof words[2], "%s", third ? third : "");
	n += 1 + !!second + !!third;
	return bench_options_parse(n, argv, o, err);
}

static void options_are_read(void **state)
{
	struct bench_options o;
	struct err err = {0};

	(void)state;
	assert_int_equal(parse(&o, &err, "--flows=7", "--for", "250ms"), 0);
	assert_int_equal(o.config.flows, 7);
	assert_true(o.config.for_ns == 250 * NS_PER_MS);
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "sweep", "--set", "all:net.ipv4.tcp_sack=0,1"), 0);
	assert_int_equal(o.verb, VERB_SWEEP);
	assert_int_equal(o.sweep.n, 2);
	assert_string_equal(o.sweep.value[1], "1");
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "--set", "client:net.ipv4.tcp_rmem=4096 1 2", NULL), 0);
	assert_string_equal(o.config.set.v[0].value, "4096 1 2");
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "--nft", "server:/dev/null", NULL), 0);
	assert_string_equal(o.config.rulesets.v[0].host, "server");
	assert_string_equal(o.config.rulesets.v[0].text, "");
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "capacity", "--range", "100-200"), 0);
	assert_int_equal(o.port_hi, 200);
	assert_int_equal(o.config.dests, 1);
	bench_options_free(&o);
}

static void the_range_comes_from_a_setting(void **state)
{
	struct bench_options o;
	struct err err = {0};

	(void)state;
	assert_int_equal(parse(&o, &err, "capacity", "--set",
	                         "client:net.ipv4.ip_local_port_range=40000\t40999"),
	        0);
	assert_int_equal(o.port_lo, 40000);
	assert_int_equal(o.port_hi, 40999);
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "capacity", NULL, NULL), 0);
	assert_int_equal(o.port_lo, 32768);
	bench_options_free(&o);
	assert_int_equal(parse(&o, &err, "capacity", "--set",
	                         "server:net.ipv4.ip_local_port_range=40000 40999"),
	        0);
	assert_int_equal(o.port_lo, 32768);
	bench_options_free(&o);
	assert_int_equal(
	        parse(&o, &err, "capacity", "--set", "client:net.ipv4.ip_local_port_range=9 2"),
	        -1);
	bench_options_free(&o);
}

static void reserved_ports_are_counted(void **state)
{
	(void)state;
	assert_int_equal(settings_reserved("", 1, 65535), 0);
	assert_int_equal(settings_reserved("100", 100, 200), 1);
	assert_int_equal(settings_reserved("90-110,150,200-300", 100, 200), 11 + 1 + 1);
	assert_int_equal(settings_reserved("100-120,110-130\n", 100, 200), 31);
	assert_int_equal(settings_reserved("1-65535", 1024, 65535), 64512);
	assert_int_equal(settings_reserved("nonsense", 1, 65535), 0);
}

/* Where a range is too small for a share, the nearest number of ports answers for it. */
static void a_cost_is_found_in_any_range(void **state)
{
	struct ports_run *p = must(calloc(1, sizeof *p));

	(void)state;
	assert_int_equal(p->end, PORTS_NOT_RUN);
	p->lo = 40000;
	p->hi = 40009;
	for (p->n = 0; p->n < 10; p->n++)
		p->cost_ns[p->n] = 1000 * (p->n + 1);
	for (int i = 0; i < 100; i++)
		assert_true(ports_cost_us(p, i / 100.0, (i + 1) / 100.0) == i / 10 + 1);
	assert_true(ports_cost_us(p, 0, 1) == 6);
	p->cost_ns[5] = 0; /* not measured */
	assert_true(ports_cost_us(p, 0.51, 0.52) == 0);
	assert_true(ports_cost_us(p, 0.4, 0.6) == 5);
	free(p);
}

/* Little of a chart is left empty above its greatest value. */
static void an_axis_ends_near_its_greatest(void **state)
{
	(void)state;
	assert_true(svg_round_up(0) == 1);
	assert_true(svg_round_up(23000) == 25000);
	assert_true(svg_round_up(25001) == 30000);
	assert_true(svg_round_up(1e6) == 1e6);
	for (double v = 1; v < 1e7; v *= 1.01)
		assert_true(svg_round_up(v) >= v && svg_round_up(v) <= v * 1.51);
}

static void help_is_for_its_verb(void **state)
{
	struct bench_options o;
	struct err err = {0};
	char text[8192] = "";
	FILE *f = fmemopen(text, sizeof text, "w");

	(void)state;
	assert_int_equal(parse(&o, &err, "sweep", "--help", NULL), 0);
	assert_true(o.help && o.verb == VERB_SWEEP);
	bench_options_print_help(f, o.verb);
	fclose(f);
	assert_non_null(strstr(text, "usage: lastack bench sweep --set"));
	assert_non_null(strstr(text, "  --repeat N\n"));
	assert_null(strstr(text, "--verify"));
	bench_options_free(&o);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[][2] = {{"--flows", "0"}, {"--flows", "-1"}, {"--flows", "1x"},
	        {"--rate", "nan"}, {"--rate", "1e99"}, {"--for", "0s"}, {"--for", NULL},
	        {"--json=1", NULL}, {"--verify", NULL}, {"--range", "5-6"}, {"--set", "client:x"},
	        {"--set", "x=y:z"}, {"--ip", "5"}, {"--request", "0"}, {"nonsense", NULL},
	        {"--against", "1.2.3.4:0"}, {"--nft", "/dev/null"}, {"--nft", "router:/dev/null"},
	        {"--nft", "client:/no/such"}, {"--pairs", "100000"}};
	struct bench_options o;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {0};

		assert_int_equal(parse(&o, &err, bad[i][0], bad[i][1], NULL), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_true(strlen(err.text) > 10);
		bench_options_free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(addresses_carry),
	        cmocka_unit_test(each_four_tuple_has_its_turn),
	        cmocka_unit_test(the_kernel_chooses),
	        cmocka_unit_test(samples_stay_in_their_memory),
	        cmocka_unit_test(a_quota_is_exact),
	        cmocka_unit_test(nothing_is_unserved_beside_a_free_flow),
	        cmocka_unit_test(what_finds_no_flow_is_unserved),
	        cmocka_unit_test(options_are_read),
	        cmocka_unit_test(the_range_comes_from_a_setting),
	        cmocka_unit_test(reserved_ports_are_counted),
	        cmocka_unit_test(a_cost_is_found_in_any_range),
	        cmocka_unit_test(an_axis_ends_near_its_greatest),
	        cmocka_unit_test(help_is_for_its_verb),
	        cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
