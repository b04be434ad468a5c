/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include "core/clock.h"
#include "core/words.h"
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVE_NS (365 * 86400 * NS_PER_S)

#define RUNS  (VERB_RUN | VERB_SWEEP)
#define SIDE  (VERB_RUN | VERB_SWEEP | VERB_SERVE)
#define EVERY (VERB_RUN | VERB_SWEEP | VERB_PORTS | VERB_CAPACITY)

static int bad(struct err *err, const char *value, const char *wanted)
{
	return err_set(err, ERR_INPUT, "'%s': expected %s", value, wanted);
}

static int number(const char *v, uint64_t lo, uint64_t hi, uint64_t *ret, struct err *err)
{
	char wanted[96], *end;
	unsigned long long n = strtoull(v, &end, 10);

	if (*v < '0' || *v > '9' || *end || n < lo || n > hi) {
		snprintf(wanted, sizeof wanted, "a number from %llu to %llu",
		        (unsigned long long)lo, (unsigned long long)hi);
		return bad(err, v, wanted);
	}
	*ret = n;
	return 0;
}

static int count(const char *v, unsigned hi, unsigned *ret, struct err *err)
{
	uint64_t n;

	if (number(v, 1, hi, &n, err))
		return -1;
	*ret = (unsigned)n;
	return 0;
}

/* The index of a word in a list that ends with NULL. */
static int choice(const char *v, const char *const *list, int *ret, struct err *err)
{
	char wanted[128] = "";

	for (int i = 0; list[i]; i++) {
		size_t n = strlen(wanted);

		if (!strcmp(v, list[i])) {
			*ret = i;
			return 0;
		}
		snprintf(wanted + n, sizeof wanted - n, "%s%s",
		        !i            ? ""
		        : list[i + 1] ? ", "
		                      : " or ",
		        list[i]);
	}
	return bad(err, v, wanted);
}

static int duration(const char *v, uint64_t *ret, struct err *err)
{
	if (duration_parse(v, ret) || !*ret)
		return bad(err, v, "a duration, such as 10s or 500ms");
	return 0;
}

static int set_for(struct bench_options *o, const char *v, struct err *err)
{
	return duration(v, &o->config.for_ns, err);
}

static int set_flows(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, 1000000, &o->config.flows, err);
}

static int set_pairs(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_PAIRS, &o->config.pairs, err);
}

static int set_conns(struct bench_options *o, const char *v, struct err *err)
{
	return number(v, 1, UINT64_MAX / 2, &o->config.max_conns, err);
}

static int set_rate(struct bench_options *o, const char *v, struct err *err)
{
	char *end;

	o->config.rate = strtod(v, &end);
	if (*v < '0' || *v > '9' || *end || !(o->config.rate > 0 && o->config.rate <= 1e8))
		return bad(err, v, "connections a second, more than 0");
	return 0;
}

static int set_close(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"client", "server", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.closer = (enum bench_side)i;
	return 0;
}

static int set_by(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"fin", "rst", "half", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.how = (enum bench_how)i;
	return 0;
}

static int set_size(size_t *ret, const char *v, struct err *err)
{
	uint64_t n;

	if (number(v, 1, 64 << 20, &n, err))
		return -1;
	*ret = n;
	return 0;
}

static int set_request(struct bench_options *o, const char *v, struct err *err)
{
	return set_size(&o->config.request, v, err);
}

static int set_response(struct bench_options *o, const char *v, struct err *err)
{
	return set_size(&o->config.response, v, err);
}

static int set_ip(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"4", "6", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.family = i ? AF_INET6 : AF_INET;
	return 0;
}

static int set_link(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"veth", "loopback", "wire", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.link = (enum bench_link)i;
	return 0;
}

static int set_engine(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"ring", "event", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.engine = list[i];
	return 0;
}

static int set_dests(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_ADDRS, &o->config.dests, err);
}

static int set_sources(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_ADDRS, &o->config.sources, err);
}

static int set_ports(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"kernel", "range", "bind", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.ports = (enum bench_ports)i;
	return 0;
}

static int set_observe(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"none", "count", "full", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.observe = (enum bench_observe)i;
	return 0;
}

static int set_against(struct bench_options *o, const char *v, struct err *err)
{
	if (endpoint_parse(v, &o->config.against) || !o->config.against.port)
		return bad(err, v, "ADDR:PORT, such as 192.0.2.1:80 or [2001:db8::1]:80");
	o->config.family = o->config.against.family;
	return 0;
}

static int set_listen(struct bench_options *o, const char *v, struct err *err)
{
	if (endpoint_parse(v, &o->config.serve))
		return bad(err, v, "ADDR:PORT, such as 192.0.2.1:5000 or [::]:5000");
	o->config.family = o->config.serve.family;
	return 0;
}

static int set_stop_when_full(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->config.stop_when_full = 1;
	return 0;
}

/* HOST:KEY=VALUE */
static int split_setting(
        const char *v, struct bench_setting *ret, char *values, size_t size, struct err *err)
{
	const char *colon = strchr(v, ':'), *equals = strchr(v, '=');

	if (!colon || !equals || equals < colon || (size_t)(colon - v) >= sizeof ret->host ||
	        (size_t)(equals - colon) > sizeof ret->key)
		return bad(err, v, "client:KEY=VALUE, server:KEY=VALUE or all:KEY=VALUE");
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)(colon - v), v);
	snprintf(ret->key, sizeof ret->key, "%.*s", (int)(equals - colon - 1), colon + 1);
	if (strcmp(ret->host, "client") && strcmp(ret->host, "server") && strcmp(ret->host, "all"))
		return bad(err, ret->host, "client, server or all");
	if (strlen(equals + 1) >= size)
		return bad(err, v, "a shorter value");
	snprintf(values, size, "%s", equals + 1);
	return 0;
}

static int set_sweep(
        struct bench_options *o, struct bench_setting *s, char *values, struct err *err)
{
	struct bench_sweep *w = &o->sweep;
	char *save = NULL;

	if (w->n)
		return err_set(err, ERR_INPUT, "a sweep is over one --set with several values");
	snprintf(w->host, sizeof w->host, "%s", s->host);
	snprintf(w->key, sizeof w->key, "%s", s->key);
	for (char *v = strtok_r(values, ",", &save); v; v = strtok_r(NULL, ",", &save)) {
		if (w->n == SWEEP_MAX)
			return err_set(err, ERR_INPUT, "at most %d values", SWEEP_MAX);
		snprintf(w->value[w->n++], sizeof w->value[0], "%.127s", v);
	}
	return 0;
}

static int set_set(struct bench_options *o, const char *v, struct err *err)
{
	struct bench_setting s = {0};
	char values[1024];

	if (split_setting(v, &s, values, sizeof values, err))
		return -1;
	if (o->verb == VERB_SWEEP && strchr(values, ','))
		return set_sweep(o, &s, values, err);
	if (strlen(values) >= sizeof s.value)
		return bad(err, v, "a shorter value");
	snprintf(s.value, sizeof s.value, "%.127s", values);
	array_push(&o->config.set, s);
	return 0;
}

static int set_repeat(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, 1000, &o->repeat, err);
}

static int set_plot(struct bench_options *o, const char *v, struct err *err)
{
	(void)err;
	o->plot = v;
	return 0;
}

static int set_json(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->format = FORMAT_JSON;
	return 0;
}

static int set_csv(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->format = FORMAT_CSV;
	return 0;
}

static int set_verify(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->verify = 1;
	return 0;
}

static int set_time_wait(struct bench_options *o, const char *v, struct err *err)
{
	return duration(v, &o->time_wait_ns, err);
}

static int set_range(struct bench_options *o, const char *v, struct err *err)
{
	unsigned lo, hi;
	int used = 0;

	if (sscanf(v, "%u-%u%n", &lo, &hi, &used) != 2 || v[used] || !lo || lo > hi || hi > 65535)
		return bad(err, v, "LOW-HIGH, such as 32768-60999");
	o->port_lo = lo;
	o->port_hi = hi;
	return 0;
}

static const struct row {
	const char *name, *arg;
	unsigned verbs;
	int (*set)(struct bench_options *o, const char *value, struct err *err);
} rows[] = {
#define OPTION(name, arg, help, verbs, set) {name, arg, verbs, set},
#include "options.def"
#undef OPTION
};

#define N_ROWS (sizeof rows / sizeof *rows)

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static int unknown(const char *word, struct err *err)
{
	const char *names[N_ROWS], *near;

	for (size_t i = 0; i < N_ROWS; i++)
		names[i] = rows[i].name;
	near = words_nearest(word, names, N_ROWS);
	return err_set(err, ERR_INPUT, "bench: there is no option --%s%s%s%s", word,
	        near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

/* One option at argv[*i], which moves on to its last word. */
static int one(int argc, char **argv, int *i, struct bench_options *o, struct err *err)
{
	char name[32];
	const char *word = argv[*i], *equals = strchr(word, '='), *value = NULL;
	const struct row *row;

	if (strncmp(word, "--", 2))
		return err_set(err, ERR_INPUT, "bench: '%s' is no option", word);
	snprintf(name, sizeof name, "%.*s",
	        (int)(equals ? (size_t)(equals - word - 2) : strlen(word + 2)), word + 2);
	row = find(name);
	if (!row)
		return unknown(name, err);
	if (!(row->verbs & o->verb))
		return err_set(err, ERR_INPUT, "bench: --%s has no meaning here", name);
	if (*row->arg) {
		value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (!value)
			return err_set(err, ERR_INPUT, "bench: --%s takes %s", name, row->arg);
	} else if (equals) {
		return err_set(err, ERR_INPUT, "bench: --%s takes nothing", name);
	}
	if (row->set(o, value, err))
		return err_prefix(err, "bench: --%s", name);
	return 0;
}

static int consistent(const struct bench_options *o, struct err *err)
{
	const struct bench_config *c = &o->config;

	if (c->against.family && (c->dests > 1 || c->sources > 1 || c->ports == PORTS_BIND))
		return err_set(err, ERR_INPUT,
		        "bench: --dests, --sources and --ports bind choose addresses of the lab's "
		        "own "
		        "hosts; --against has none");
	if (c->against.family && c->set.n)
		return err_set(err, ERR_INPUT,
		        "bench: --set changes the lab's own hosts; --against has none");
	if (o->verb == VERB_SERVE && !c->serve.port)
		return err_set(err, ERR_INPUT, "bench serve: where? --listen ADDR:PORT");
	if (o->verb == VERB_SWEEP && !o->sweep.n)
		return err_set(err, ERR_INPUT,
		        "bench sweep: which values? --set client:net.ipv4.tcp_tw_reuse=0,1,2");
	return 0;
}

int bench_options_parse(int argc, char **argv, struct bench_options *ret, struct err *err)
{
	static const struct {
		const char *word;
		enum bench_verb verb;
	} verbs[] = {{"ports", VERB_PORTS}, {"capacity", VERB_CAPACITY}, {"sweep", VERB_SWEEP},
	        {"serve", VERB_SERVE}};
	int i = 1;

	*ret = (struct bench_options){.verb = VERB_RUN, .repeat = 5};
	bench_config_init(&ret->config);
	ret->config.progress = isatty(STDERR_FILENO);
	for (size_t k = 0; argc > 1 && k < sizeof verbs / sizeof *verbs; k++)
		if (!strcmp(argv[1], verbs[k].word)) {
			ret->verb = verbs[k].verb;
			i = 2;
		}
	if (ret->verb == VERB_SERVE)
		ret->config.for_ns = SERVE_NS;
	for (; i < argc; i++)
		if (one(argc, argv, &i, ret, err))
			return -1;
	return consistent(ret, err);
}

void bench_options_free(struct bench_options *o)
{
	bench_config_free(&o->config);
}

const char bench_options_help[] =
        "lastack bench                 runs clients and servers as fast as they go, or at --rate\n"
        "lastack bench ports           what connect() costs as the ports fill up\n"
        "lastack bench capacity        when the ports run out at a rate, and what is enough\n"
        "lastack bench sweep           runs for each value of a sysctl, and compares\n"
        "lastack bench serve           the server side alone, for --against from elsewhere\n"
        "\nOptions:\n"
#define OPTION(name, arg, help, verbs, set) "  --" name " " arg "\n        " help "\n"
#include "options.def"
#undef OPTION
        ;
