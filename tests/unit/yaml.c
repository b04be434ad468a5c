/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scenario's text means: every construct of the language, to the fields of the model. */
#include "load/yaml.h"
#include "load/catalogue.h"
#include "load/reference.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ull

static struct scenario *parse(const char *text)
{
	struct err err = {0};
	struct scenario *s = scenario_parse(text, strlen(text), "scenarios/a/b.yaml", &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static void is_named(const char *path, const char *directory, const char *name)
{
	char *got = scenario_name(path, directory);

	assert_string_equal(got, name);
	free(got);
}

static void names_are_of_paths(void **state)
{
	(void)state;
	is_named("/x/scenarios/a/b.yaml", NULL, "a/b");
	is_named("/x/scenarios/a/b.yaml", "/x/scenarios/a", "a/b");
	is_named("a/b.yaml", NULL, "b");
	is_named("b.txt", NULL, "b.txt");
	is_named("a/b/c.yaml", "a", "b/c");
	is_named("a//b/c.yaml", "a/", "b/c");
	is_named("a/b/c.yaml", "a/b", "c");
	is_named("../a/c.yaml", "..", "a/c");
	is_named("/a/c.yaml", "/", "a/c");
	is_named("ab/c.yaml", "a", "c");
}

/* A scenario whose only expect step is `expect`. */
static struct scenario *expecting(const char *expect)
{
	char text[1024];

	snprintf(text, sizeof text, "claim: c\nserver: {addresses: 3}\nsteps:\n- expect: %s\n",
	        expect);
	return parse(text);
}

static void the_head_and_its_defaults(void **state)
{
	struct scenario *s = parse("claim: A claim\nsource: RFC 9293\ntags: [close, slow]\n"
	                           "needs: [bpf, tun]\nip: 6\nlink: veth\n"
	                           "steps:\n- expect: {client: {LISTEN: 0}}\n");

	(void)state;
	assert_string_equal(s->name, "a/b");
	assert_string_equal(s->path, "scenarios/a/b.yaml");
	assert_string_equal(s->claim, "A claim");
	assert_string_equal(s->source, "RFC 9293");
	assert_int_equal(s->tags.n, 2);
	assert_true(scenario_is_slow(s));
	assert_string_equal(s->needs.v[1], "tun");
	assert_int_equal(s->families, 2);
	assert_int_equal(s->link, LINK_VETH);
	assert_true(s->hosts[HOST_CLIENT].present && s->hosts[HOST_SERVER].present);
	assert_false(s->hosts[HOST_ROUTER].present);
	assert_int_equal(s->hosts[HOST_SERVER].addresses, 1);
	assert_int_equal(s->hosts[HOST_SERVER].backlog, 4096);
	assert_string_equal(s->hosts[HOST_CLIENT].behaviour, "idle");
	scenario_free(s);
	s = expecting("{client: {LISTEN: 0}}");
	assert_int_equal(s->families, 3);
	assert_int_equal(s->link, LINK_AUTO);
	assert_null(s->source);
	scenario_free(s);
}

static void a_byte_order_mark_is_no_text(void **state)
{
	struct scenario *s = parse("\xef\xbb\xbf"
	                           "claim: c\nsteps: [{expect: {client: {LISTEN: 0}}}]\n");

	(void)state;
	assert_string_equal(s->claim, "c");
	assert_int_equal(s->steps.v[0].at.line, 2);
	assert_int_equal(s->steps.v[0].at.column, 10);
	scenario_free(s);
}

static void hosts(void **state)
{
	struct scenario *s =
	        parse("claim: c\nserver: {on_eof: finish, addresses: 2, backlog: 5, rcvbuf: 4096, "
	              "sndbuf:  8192, keepalive: yes}\n"
	              "client:\n  behaviour: unread\n  sysctl:\n    net.ipv4.tcp_fin_timeout: 5\n"
	              "    net.ipv4.ip_local_port_range: \"40000 40099\"\n"
	              "steps: [{expect: {client: {LISTEN: 0}}}]\n");
	const struct host_spec *h = s->hosts;

	(void)state;
	assert_string_equal(h[HOST_SERVER].behaviour, "half_close");
	assert_int_equal(h[HOST_SERVER].addresses, 2);
	assert_int_equal(h[HOST_SERVER].backlog, 5);
	assert_int_equal(h[HOST_SERVER].rcvbuf, 4096);
	assert_int_equal(h[HOST_SERVER].sndbuf, 8192);
	assert_true(h[HOST_SERVER].keepalive);
	assert_false(h[HOST_CLIENT].keepalive);
	assert_string_equal(h[HOST_CLIENT].behaviour, "unread");
	assert_int_equal(h[HOST_CLIENT].sysctls.n, 2);
	assert_string_equal(h[HOST_CLIENT].sysctls.v[0].name, "net.ipv4.tcp_fin_timeout");
	assert_string_equal(h[HOST_CLIENT].sysctls.v[0].value, "5");
	assert_int_equal(h[HOST_CLIENT].sysctls.v[0].at.line, 6);
	assert_int_equal(h[HOST_CLIENT].sysctls.v[0].at.column, 5);
	assert_string_equal(h[HOST_CLIENT].sysctls.v[1].value, "40000 40099");
	scenario_free(s);
}

static void rules(void **state)
{
	struct scenario *s = parse("claim: c\nwire:\n"
	                           "- {drop: last-ack, from: client, times: 1}\n"
	                           "- {delay: fin again, by: 300ms, skip: 2, times: all}\n"
	                           "- {duplicate: any, in_total: 3}\n"
	                           "- {hold: data first, in_total: yes, times: 2}\n"
	                           "steps: [{expect: {client: {LISTEN: 0}}}]\n");
	const struct wire_rule *r = s->rules.v;

	(void)state;
	assert_int_equal(s->rules.n, 4);
	assert_string_equal(r[0].action, "drop");
	assert_int_equal(r[0].select.role, ROLE_LAST_ACK);
	assert_int_equal(r[0].select.from, HOST_CLIENT);
	assert_int_equal(r[0].select.again, -1);
	assert_int_equal(r[0].times, 1);
	assert_string_equal(r[0].text, "drop last-ack from client, once");
	assert_int_equal(r[1].select.again, 1);
	assert_int_equal(r[1].select.from, -1);
	assert_int_equal(r[1].times, 0);
	assert_int_equal(r[1].skip, 2);
	assert_true(r[1].delay_ns == 300 * MS);
	assert_int_equal(r[2].select.role, -1);
	assert_int_equal(r[2].times, 3);
	assert_true(r[2].in_total);
	assert_int_equal(r[3].select.again, 0);
	assert_true(r[3].in_total);
	assert_int_equal(r[3].times, 2);
	assert_int_equal(scenario_link(s), LINK_WIRE);
	scenario_free(s);
}

/* A wire may have no rules: then it only looks. */
static void no_rules(void **state)
{
	struct scenario *s = parse("claim: c\nlink: wire\nwire: []\n"
	                           "steps: [{expect: {client: {LISTEN: 0}}}]\n");

	(void)state;
	assert_int_equal(s->rules.n, 0);
	scenario_free(s);
}

static void rules_in_full(void **state)
{
	struct scenario *s =
	        parse("claim: c\nwire:\n"
	              "- {drop: any, flags: \"FIN|ack !psh\", length: \">= 5\", "
	              "seq: 1 .. 1000, ordinal: 2, connection: 3, port: 80}\n"
	              "- {delay: fin, by: 1ms, jitter: 2ms, probability: 0.25, every: 3, "
	              "state: {client: FIN-WAIT-2, server: LAST_ACK}}\n"
	              "- {rewrite: syn, set: {window: 0, mss: 536, flags: syn ece, "
	              "timestamp: -5}, age: 2s, time: \"< 1m\"}\n"
	              "- {inject: last-ack, segment: rst, offset: -7, back: yes, bytes: 3}\n"
	              "- {limit: any, rate: 64kbit}\n"
	              "- {too_big: data, bytes: 1300, name: mtu}\n"
	              "- {rewrite: any, set: {timestamp: off}}\n"
	              "steps: [{expect: {client: {LISTEN: 0}}}]\n");
	const struct wire_rule *r = s->rules.v;

	(void)state;
	assert_int_equal(r[0].select.flags_on, SEG_FIN | SEG_ACK);
	assert_int_equal(r[0].select.flags_off, SEG_PSH);
	assert_true(r[0].select.length.on && r[0].select.length.lo == 5);
	assert_true(r[0].select.seq.lo == 1 && r[0].select.seq.hi == 1000);
	assert_true(r[0].select.ordinal.lo == 2 && r[0].select.ordinal.hi == 2);
	assert_int_equal(r[0].select.connection, 3);
	assert_int_equal(r[0].select.port, 80);
	assert_true(r[1].jitter_ns == 2 * MS && r[1].probability == 0.25);
	assert_int_equal(r[1].every, 3);
	assert_int_equal(r[1].select.state[HOST_CLIENT], ST_FIN_WAIT_2);
	assert_int_equal(r[1].select.state[HOST_SERVER], ST_LAST_ACK);
	assert_int_equal(
	        r[2].set.what, CHANGE_WINDOW | CHANGE_MSS | CHANGE_FLAGS | CHANGE_TIMESTAMP);
	assert_int_equal(r[2].set.mss, 536);
	assert_int_equal(r[2].set.flags, SEG_SYN | SEG_ECE);
	assert_int_equal(r[2].set.timestamp, -5);
	assert_true(r[2].select.age_ns.lo == 2000 * MS && r[2].select.age_ns.hi == INT64_MAX);
	assert_true(r[2].select.time_ns.hi == 60000 * MS - 1);
	assert_int_equal(r[3].inject, ROLE_RST);
	assert_int_equal(r[3].offset, -7);
	assert_true(r[3].back && r[3].bytes == 3);
	assert_true(r[4].rate == 64000);
	assert_int_equal(r[5].bytes, 1300);
	assert_string_equal(r[5].name, "mtu");
	assert_int_equal(r[6].set.what, CHANGE_NO_TIMESTAMP);
	assert_string_equal(r[3].text, "inject last-ack, every time, segment rst, offset -7, "
	                               "back yes, bytes 3");
	scenario_free(s);
}

static void rules_that_come_and_go(void **state)
{
	struct scenario *s = parse("claim: c\nsteps:\n"
	                           "- wire: {add: {drop: fin, name: cut}}\n"
	                           "- wire: {remove: late}\n"
	                           "- wire: {remove: all}\n"
	                           "- expect: {client: {LISTEN: 0}}\n"
	                           "wire: [{drop: syn, name: late}]\n");

	(void)state;
	assert_int_equal(s->rules.n, 2);
	assert_int_equal(s->steps.v[0].action, DO_ADD);
	assert_int_equal(s->steps.v[0].rule, 0);
	assert_true(s->rules.v[0].off);
	assert_int_equal(s->steps.v[1].action, DO_REMOVE);
	assert_int_equal(s->steps.v[1].rule, 1);
	assert_int_equal(s->steps.v[2].rule, -1);
	assert_false(s->rules.v[1].off);
	scenario_free(s);
}

static void connecting(const struct step *st)
{
	assert_int_equal(st[0].action, DO_CONNECT);
	assert_int_equal(st[0].actor, HOST_CLIENT);
	assert_int_equal(st[0].count, 10);
	assert_true(st[0].rate == 100);
	assert_int_equal(st[0].to, 2);
	assert_int_equal(st[0].from, 1);
	assert_int_equal(st[0].at.line, 5);
	assert_int_equal(st[1].action, DO_CHURN);
	assert_true(st[1].has_after && st[1].after_ns == 1100 * MS);
	assert_int_equal(st[1].to, 1);
	assert_int_equal(st[1].from, 0);
}

static void steps(void **state)
{
	struct scenario *s = parse("claim: c\nserver: {addresses: 2}\nwire: [{hold: fin}]\nsteps:\n"
	                           "- client: {connect: 10, rate: 100, to: 2, from: 1}\n"
	                           "- client: {churn: 100, after: 1100ms}\n"
	                           "- client: {on: 3, send: 1000}\n"
	                           "- both: {close: all, wait: no}\n"
	                           "- server: {shutdown: 2}\n"
	                           "- server: {kill: SIGTERM}\n"
	                           "- server: {start: yes}\n"
	                           "- server: {accept: off}\n"
	                           "- client: {read: on}\n"
	                           "- client: {hold: all}\n"
	                           "- client: {sysctl: {net.ipv4.tcp_tw_reuse: 1}}\n"
	                           "- wire: {release: all}\n"
	                           "- client: {abort: all}\n"
	                           "- expect: {client: {TIME_WAIT: 1}}\n");
	const struct step *st = s->steps.v;

	(void)state;
	assert_int_equal(s->steps.n, 14);
	connecting(st);
	assert_int_equal(st[2].action, DO_SEND);
	assert_true(st[2].bytes == 1000);
	assert_int_equal(st[2].count, 3);
	assert_int_equal(st[3].actor, ACTOR_BOTH);
	assert_true(st[3].count == ALL);
	assert_true(st[3].no_wait);
	assert_int_equal(st[4].action, DO_SHUTDOWN);
	assert_int_equal(st[4].count, 2);
	assert_int_equal(st[5].signal, SIGTERM);
	assert_int_equal(st[6].action, DO_START);
	assert_int_equal(st[7].on, 0);
	assert_int_equal(st[8].on, 1);
	assert_int_equal(st[9].action, DO_HOLD);
	assert_string_equal(st[10].sysctls.v[0].value, "1");
	assert_int_equal(st[11].actor, ACTOR_WIRE);
	assert_int_equal(st[12].action, DO_ABORT);
	assert_int_equal(st[13].actor, ACTOR_LAB);
	assert_true(!st[13].within_ns);
	scenario_free(s);
}

static void wants(const char *value, int64_t lo, int64_t hi)
{
	char text[128];
	struct scenario *s;
	const struct range *r;

	snprintf(text, sizeof text, "{client: {CLOSE-WAIT: %s}}", value);
	s = expecting(text);
	r = &s->steps.v[0].expectations.v[0].want;
	assert_true(r->lo == lo);
	assert_true(r->hi == hi);
	assert_false(r->kind == RANGE_TIMER);
	scenario_free(s);
}

static void populations_and_comparisons(void **state)
{
	(void)state;
	wants("100", 100, 100);
	wants("\"100\"", 100, 100);
	wants("\">= 90\"", 90, INT64_MAX);
	wants("\">90\"", 91, INT64_MAX);
	wants("\"<= 5\"", INT64_MIN, 5);
	wants("\"< 5\"", INT64_MIN, 4);
	wants("\"3 .. 5\"", 3, 5);
	wants("\"3..5\"", 3, 5);
}

static void a_path_and_its_times(void **state)
{
	struct scenario *s =
	        expecting("{within: 70s, client: {path: [ESTABLISHED, {FIN_WAIT_1: \"200ms .. "
	                  "300ms\"}, {TIME_WAIT: 60s}, {LAST_ACK: \">= 1s\"}, CLOSE]}}");
	const struct expectation *x = s->steps.v[0].expectations.v;

	(void)state;
	assert_true(s->steps.v[0].within_ns == 70000 * MS);
	assert_string_equal(x->kind, "path");
	assert_int_equal(x->path.n, 5);
	assert_int_equal(x->path.v[0].state, ST_ESTABLISHED);
	assert_false(x->path.v[0].has_stay);
	assert_true(x->path.v[1].stay.lo == (int64_t)(200 * MS));
	assert_true(x->path.v[1].stay.hi == (int64_t)(300 * MS));
	assert_false(x->path.v[1].stay.kind == RANGE_TIMER);
	assert_int_equal(x->path.v[2].state, ST_TIME_WAIT);
	assert_true(x->path.v[2].stay.kind == RANGE_TIMER);
	assert_true(x->path.v[2].stay.lo == (int64_t)(60000 * MS));
	assert_true(x->path.v[3].stay.hi == INT64_MAX);
	assert_int_equal(scenario_link(s), LINK_WIRE);
	scenario_free(s);
}

static void the_other_kinds(void **state)
{
	struct scenario *s =
	        expecting("{for: 30s, after: 1s, server: {errors: {ECONNRESET: 2}, descriptors: 3, "
	                  "counters: {TcpExt.TWRecycled: 4}, recv_q: {CLOSE_WAIT: 210}, "
	                  "timer: {TIME_WAIT: \"59s .. 60s\"}, unowned: {CLOSE_WAIT: 1}}}");
	const struct step *st = s->steps.v;
	const struct expectation *x = st->expectations.v;

	(void)state;
	assert_int_equal(st->expectations.n, 6);
	assert_true(st->for_ns == 30000 * MS && st->has_after && st->after_ns == 1000 * MS);
	assert_string_equal(x[0].kind, "error");
	assert_int_equal(x[0].error, ECONNRESET);
	assert_int_equal(x[0].host, HOST_SERVER);
	assert_string_equal(x[1].kind, "descriptors");
	assert_true(x[1].want.lo == 3);
	assert_string_equal(x[2].kind, "counter");
	assert_string_equal(x[2].key, "TcpExt.TWRecycled");
	assert_string_equal(x[3].kind, "recv_q");
	assert_int_equal(x[3].state, ST_CLOSE_WAIT);
	assert_true(x[3].want.hi == 210);
	assert_string_equal(x[4].kind, "timer");
	assert_true(x[4].want.lo == (int64_t)(59000 * MS));
	assert_string_equal(x[5].kind, "unowned");
	scenario_free(s);
}

static void selects(const char *key, int from, int role, int again, int fate)
{
	char text[128];
	struct scenario *s;
	const struct expectation *x;

	snprintf(text, sizeof text, "{wire: {%s: 1}}", key);
	s = expecting(text);
	x = s->steps.v[0].expectations.v;
	assert_string_equal(x->kind, "segment");
	assert_string_equal(x->key, key);
	assert_int_equal(x->host, ACTOR_WIRE);
	assert_int_equal(x->segment.from, from);
	assert_int_equal(x->segment.role, role);
	assert_int_equal(x->segment.again, again);
	assert_int_equal(x->segment.fate, fate);
	scenario_free(s);
}

static void segments(void **state)
{
	(void)state;
	selects("fin", -1, ROLE_FIN, -1, -1);
	selects("fin from server", HOST_SERVER, ROLE_FIN, -1, -1);
	selects("fin again from client", HOST_CLIENT, ROLE_FIN, 1, -1);
	selects("fin probe from client", HOST_CLIENT, ROLE_FIN, SENT_PROBE, -1);
	selects("syn-ack first", -1, ROLE_SYN_ACK, 0, -1);
	selects("dropped", -1, -1, -1, FATE_DROPPED);
	selects("last-ack dropped", -1, ROLE_LAST_ACK, -1, FATE_DROPPED);
	selects("any from client held", HOST_CLIENT, -1, -1, FATE_HELD);
}

static void an_alias_stands_for_its_anchor(void **state)
{
	struct scenario *s = parse("claim: c\nsteps:\n- client: &one {connect: 1}\n- client: *one\n"
	                           "- expect: {client: {ESTABLISHED: 2}}\n");

	(void)state;
	assert_int_equal(s->steps.v[1].action, DO_CONNECT);
	assert_int_equal(s->steps.v[1].count, 1);
	scenario_free(s);
}

static void names(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
	        {"x.yaml", "x"},
	        {"/tmp/x.yaml", "x"},
	        {"scenarios/a/x.yaml", "a/x"},
	        {"/usr/share/lastack/scenarios/a/x.yaml", "a/x"},
	        {"scenarios/old/scenarios/x.yaml", "x"},
	        {"myscenarios/a/x.yaml", "x"},
	        {"x", "x"},
	};
	static const char text[] = "claim: c\nsteps: [{expect: {client: {LISTEN: 0}}}]\n";

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};
		struct scenario *s = scenario_parse(text, strlen(text), cases[i].path, &err);

		assert_non_null(s);
		assert_string_equal(s->name, cases[i].name);
		scenario_free(s);
	}
}

/* Every scenario that ships loads, names its source and tags, and has its own name and claim. */
static void what_ships_loads(void **state)
{
	struct scenario **list;
	struct err err = {0};
	size_t n;

	(void)state;
	if (catalogue_find(NULL, 0, &list, &n, &err))
		fail_msg("%s", err.text);
	assert_true(n >= 40);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(list[i]->source);
		assert_true(list[i]->tags.n > 0);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(list[i]->name, list[j]->name);
			assert_string_not_equal(list[i]->claim, list[j]->claim);
		}
	}
	catalogue_free(list, n);
}

static void words_find_scenarios(void **state)
{
	char *args[] = {"rfc1337", "faults/last-ack-lost-once", "faults/rfc1337-saves-time-wait",
	        "scenarios/faults/last-ack-lost-once.yaml"};
	struct scenario **list;
	struct err err = {0};
	size_t n;

	(void)state;
	if (catalogue_find(args, 4, &list, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n, 3);
	assert_string_equal(list[2]->name, "faults/last-ack-lost-once");
	assert_true(catalogue_is_named(list[2], args, 4));
	assert_false(catalogue_is_named(list[0], args, 4));
	catalogue_free(list, n);
}

static char *slurp(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = calloc(1, 1 << 20);
	size_t n;

	assert_non_null(in);
	assert_non_null(text);
	n = fread(text, 1, (1 << 20) - 1, in);
	assert_true(n > 0);
	fclose(in);
	return text;
}

/* `dir/name` in backquotes is a scenario wherever docs/claims.md says it. */
static void the_claims_name_scenarios(void **state)
{
	char *text = slurp("docs/claims.md"), *save = NULL;
	unsigned n = 0;

	(void)state;
	for (char *w = strtok_r(text, "`", &save); w; w = strtok_r(NULL, "`", &save)) {
		char path[256];
		struct err err = {0};
		struct scenario *s;

		if (strspn(w, "abcdefghijklmnopqrstuvwxyz0123456789-/") != strlen(w) ||
		        !strchr(w, '/'))
			continue;
		snprintf(path, sizeof path, "scenarios/%s.yaml", w);
		s = scenario_load(path, &err);
		if (!s)
			fail_msg("docs/claims.md: %s", err.text);
		scenario_free(s);
		n++;
	}
	free(text);
	assert_true(n > 40);
}

/* `make reference` writes it. */
static void the_reference_is_current(void **state)
{
	char *made, *there = slurp("docs/scenarios.md");
	size_t n;
	FILE *out = open_memstream(&made, &n);

	(void)state;
	assert_non_null(out);
	reference_print(out);
	fclose(out);
	assert_string_equal(made, there);
	free(made);
	free(there);
}

static void order_and_gaps(void **state)
{
	struct scenario *s =
	        expecting("{wire: {order: [fin from client, last-ack dropped], gaps of fin "
	                  "from server: [200ms, \">= 1s\"], gaps of data from client: "
	                  "backoff}}");
	const struct expectation *x = s->steps.v[0].expectations.v;

	(void)state;
	assert_int_equal(s->steps.v[0].expectations.n, 3);
	assert_string_equal(x[0].kind, "order");
	assert_int_equal(x[0].host, ACTOR_WIRE);
	assert_int_equal(x[0].order.n, 2);
	assert_int_equal(x[0].order.v[0].role, ROLE_FIN);
	assert_int_equal(x[0].order.v[0].from, HOST_CLIENT);
	assert_int_equal(x[0].order.v[1].fate, FATE_DROPPED);
	assert_string_equal(x[1].kind, "gaps");
	assert_string_equal(x[1].key, "gaps of fin from server");
	assert_int_equal(x[1].segment.role, ROLE_FIN);
	assert_int_equal(x[1].segment.from, HOST_SERVER);
	assert_int_equal(x[1].gaps.n, 2);
	assert_true(x[1].gaps.v[0].kind == RANGE_TIMER);
	assert_true(x[1].gaps.v[1].lo == (int64_t)(1000 * MS));
	assert_string_equal(x[2].kind, "gaps");
	assert_int_equal(x[2].gaps.n, 0);
	assert_int_equal(scenario_link(s), LINK_WIRE);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_of_paths),
	        cmocka_unit_test(the_head_and_its_defaults),
	        cmocka_unit_test(a_byte_order_mark_is_no_text),
	        cmocka_unit_test(hosts),
	        cmocka_unit_test(rules),
	        cmocka_unit_test(no_rules),
	        cmocka_unit_test(rules_in_full),
	        cmocka_unit_test(rules_that_come_and_go),
	        cmocka_unit_test(steps),
	        cmocka_unit_test(populations_and_comparisons),
	        cmocka_unit_test(a_path_and_its_times),
	        cmocka_unit_test(the_other_kinds),
	        cmocka_unit_test(segments),
	        cmocka_unit_test(an_alias_stands_for_its_anchor),
	        cmocka_unit_test(names),
	        cmocka_unit_test(what_ships_loads),
	        cmocka_unit_test(words_find_scenarios),
	        cmocka_unit_test(the_claims_name_scenarios),
	        cmocka_unit_test(the_reference_is_current),
	        cmocka_unit_test(order_and_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
