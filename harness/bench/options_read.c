/* SPDX-License-Identifier: BSD-2-Clause */
/* What each option of the table makes of its argument. */
#include "options_read.h"

#include "core/clock.h"
#include "core/words.h"
#include "lab.h"
#include "rulesets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	const char *near;
	size_t n = 0, count_of = 0;

	for (int i = 0; list[i]; i++, count_of++) {
		if (!strcmp(v, list[i])) {
			*ret = i;
			return 0;
		}
		n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s%s",
		        !i            ? ""
		        : list[i + 1] ? ", "
		                      : " or ",
		        list[i]);
	}
	near = words_nearest(v, list, count_of);
	if (!near)
		return bad(err, v, wanted);
	return err_set(err, ERR_INPUT, "'%s': expected %s; did you mean %s?", v, wanted, near);
}

static int duration(const char *v, uint64_t *ret, struct err *err)
{
	switch (duration_parse(v, ret)) {
	case 0:
		return *ret ? 0 : bad(err, v, "a duration of more than 0");
	case DURATION_TOO_LONG:
		return bad(err, v, "a duration of at most a year, 8760h");
	default:
		return bad(err, v,
		        "a duration, a number with one of us, ms, s, m and h, such as 10s, 500ms "
		        "or "
		        "1.5m");
	}
}

int set_for(struct bench_options *o, const char *v, struct err *err)
{
	return duration(v, &o->config.for_ns, err);
}

int set_flows(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, 1000000, &o->config.flows, err);
}

int set_pairs(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_PAIRS, &o->config.pairs, err);
}

int set_conns(struct bench_options *o, const char *v, struct err *err)
{
	return number(v, 1, UINT64_MAX / 2, &o->config.max_conns, err);
}

int set_rate(struct bench_options *o, const char *v, struct err *err)
{
	char *end;

	o->config.rate = strtod(v, &end);
	if (*v < '0' || *v > '9' || *end || !(o->config.rate > 0 && o->config.rate <= 1e8))
		return bad(err, v, "connections a second, more than 0 and at most 100000000");
	return 0;
}

int set_close(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"client", "server", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.closer = (enum bench_side)i;
	return 0;
}

int set_by(struct bench_options *o, const char *v, struct err *err)
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

int set_request(struct bench_options *o, const char *v, struct err *err)
{
	return set_size(&o->config.request, v, err);
}

int set_response(struct bench_options *o, const char *v, struct err *err)
{
	return set_size(&o->config.response, v, err);
}

int set_ip(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"4", "6", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.family = i ? AF_INET6 : AF_INET;
	return 0;
}

int set_link(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"veth", "loopback", "wire", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.link = (enum bench_link)i;
	return 0;
}

int set_engine(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"ring", "event", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.engine = list[i];
	return 0;
}

int set_dests(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_ADDRS, &o->config.dests, err);
}

int set_sources(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, BENCH_MAX_ADDRS, &o->config.sources, err);
}

int set_ports(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"kernel", "range", "bind", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.ports = (enum bench_ports)i;
	return 0;
}

int set_observe(struct bench_options *o, const char *v, struct err *err)
{
	static const char *const list[] = {"none", "count", "full", NULL};
	int i;

	if (choice(v, list, &i, err))
		return -1;
	o->config.observe = (enum bench_observe)i;
	return 0;
}

int set_against(struct bench_options *o, const char *v, struct err *err)
{
	if (endpoint_parse(v, &o->config.against) || !o->config.against.port)
		return bad(err, v, "ADDR:PORT, such as 192.0.2.1:80 or [2001:db8::1]:80");
	return 0;
}

int set_listen(struct bench_options *o, const char *v, struct err *err)
{
	if (endpoint_parse(v, &o->config.serve))
		return bad(err, v, "ADDR:PORT, such as 192.0.2.1:5000 or [::]:5000");
	o->config.family = o->config.serve.family;
	return 0;
}

int set_stop_when_full(struct bench_options *o, const char *v, struct err *err)
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
	static const char *const hosts[] = {"client", "server", "all", NULL};
	const char *equals = strchr(v, '='), *colon = strchr(v, ':');
	int host;

	if (!colon || !equals || equals < colon || (size_t)(colon - v) >= sizeof ret->host ||
	        (size_t)(equals - colon) > sizeof ret->key)
		return bad(err, v, "client:KEY=VALUE, server:KEY=VALUE or all:KEY=VALUE");
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)(colon - v), v);
	snprintf(ret->key, sizeof ret->key, "%.*s", (int)(equals - colon - 1), colon + 1);
	if (choice(ret->host, hosts, &host, err))
		return -1;
	if (!*ret->key || !equals[1])
		return bad(err, v, "a key and a value, such as client:net.ipv4.tcp_tw_reuse=1");
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

int set_set(struct bench_options *o, const char *v, struct err *err)
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

int set_nft(struct bench_options *o, const char *v, struct err *err)
{
	struct bench_ruleset r;

	if (ruleset_parse(v, &r, err))
		return -1;
	array_push(&o->config.rulesets, r);
	return 0;
}

int set_repeat(struct bench_options *o, const char *v, struct err *err)
{
	return count(v, 1000, &o->repeat, err);
}

int set_plot(struct bench_options *o, const char *v, struct err *err)
{
	(void)err;
	o->plot = v;
	return 0;
}

int set_json(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->format = FORMAT_JSON;
	return 0;
}

int set_csv(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->format = FORMAT_CSV;
	return 0;
}

int set_verify(struct bench_options *o, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	o->verify = 1;
	return 0;
}

int set_time_wait(struct bench_options *o, const char *v, struct err *err)
{
	return duration(v, &o->time_wait_ns, err);
}

int set_range(struct bench_options *o, const char *v, struct err *err)
{
	unsigned lo, hi;
	int used = 0;

	if (sscanf(v, "%u-%u%n", &lo, &hi, &used) != 2 || v[used] || !lo || lo > hi || hi > 65535)
		return bad(err, v, "LOW-HIGH, such as 32768-60999");
	o->port_lo = lo;
	o->port_hi = hi;
	return 0;
}
