/* SPDX-License-Identifier: BSD-2-Clause */
/* What was run, and where: enough to run it again. */
#include "show.h"

#include "core/clock.h"

#include <stdarg.h>
#include <string.h>

static const char *const sides[] = {"client", "server"};
static const char *const hows[] = {"fin", "rst", "half"};
static const char *const links[] = {"veth", "loopback", "wire"};
static const char *const ports[] = {"kernel", "range", "bind"};
static const char *const observing[] = {"none", "count", "full"};

static void add(char text[SHOW_WORDS], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(char text[SHOW_WORDS], const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, SHOW_WORDS - n, fmt, ap);
	va_end(ap);
}

static int version(const struct bench_config *c)
{
	int family = c->against.family ? c->against.family
	             : c->serve.family ? c->serve.family
	                               : c->family;

	return family == AF_INET6 ? 6 : 4;
}

const char *show_what(
        const struct bench_options *o, const struct bench_result *r, char ret[SHOW_WORDS])
{
	const struct bench_config *c = &o->config;
	char at[ENDPOINT_TEXT];

	*ret = 0;
	add(ret, "%s closes first by %s, IPv%d", sides[c->closer], hows[c->how], version(c));
	if (c->against.family)
		add(ret, " against %s", endpoint_format(&c->against, at, sizeof at));
	else if (c->serve.family)
		add(ret, " at %s", endpoint_format(&c->serve, at, sizeof at));
	else
		add(ret, " over %s", links[c->link]);
	add(ret, ", %zu byte%s there and %zu back", c->request, bench_plural((double)c->request),
	        c->response);
	if (r->have_client)
		add(ret, ", ports by %s", ports[c->ports]);
	if (r->have_client && r->have_server)
		add(ret, ", from %u to %u address%s", c->sources, c->dests,
		        c->dests == 1 ? "" : "es");
	return ret;
}

const char *show_asked(const struct bench_options *o, char ret[SHOW_WORDS])
{
	const struct bench_config *c = &o->config;
	char time[32];

	*ret = 0;
	if (c->for_ns)
		add(ret, "%s", duration_format(c->for_ns, time, sizeof time));
	else if (!c->max_conns)
		add(ret, "until it is told to stop");
	if (o->verb == VERB_SERVE) /* how many, and how fast, the clients decide */
		return ret;
	if (c->max_conns)
		add(ret, "%s%llu connection%s", c->for_ns ? ", " : "",
		        (unsigned long long)c->max_conns, bench_plural((double)c->max_conns));
	if (c->rate > 0)
		add(ret, ", %.10g/s", c->rate);
	else
		add(ret, ", as fast as it goes");
	return ret;
}

const char *show_where(const struct bench_result *r, char ret[SHOW_WORDS])
{
	*ret = 0;
	add(ret, "%s, CPU%s", r->kernel, r->n_cpus == 1 ? "" : "s");
	for (unsigned i = 0; i < r->n_cpus; i++)
		add(ret, " %u", r->cpus[i]);
	return ret;
}

static json_t *cpus(const struct bench_result *r)
{
	json_t *j = json_array();

	for (unsigned i = 0; i < r->n_cpus; i++)
		json_array_append_new(j, json_integer(r->cpus[i]));
	return j;
}

static json_t *address(const struct endpoint *e)
{
	char text[ENDPOINT_TEXT];

	return e->family ? json_string(endpoint_format(e, text, sizeof text)) : json_null();
}

json_t *show_run(const struct bench_options *o, const struct bench_result *r)
{
	const struct bench_config *c = &o->config;
	int lab = r->have_client && r->have_server;
	json_t *j = json_pack("{s:s, s:s, s:i, s:I, s:I, s:s, s:o, s:s, s:o, s:o, s:o}", "close",
	        sides[c->closer], "by", hows[c->how], "ip", version(c), "request",
	        (json_int_t)c->request, "response", (json_int_t)c->response, "ports",
	        ports[c->ports], "for_s",
	        c->for_ns ? json_real((double)c->for_ns / NS_PER_S) : json_null(), "observe",
	        observing[c->observe], "against", address(&c->against), "listen",
	        address(&c->serve), "cpus", cpus(r));

	json_object_set_new(j, "link", lab ? json_string(links[c->link]) : json_null());
	json_object_set_new(j, "dests", lab ? json_integer(c->dests) : json_null());
	json_object_set_new(j, "sources", lab ? json_integer(c->sources) : json_null());
	json_object_set_new(j, "rate", c->rate > 0 ? json_real(c->rate) : json_null());
	json_object_set_new(j, "connections",
	        c->max_conns ? json_integer((json_int_t)c->max_conns) : json_null());
	json_object_set_new(j, "kernel", json_string(r->kernel));
	return j;
}

json_t *show_sysctls(const struct bench_result *r)
{
	json_t *j = json_object(), *host;

	for (unsigned i = 0; i < r->n_sysctls; i++) {
		const struct bench_setting *s = &r->sysctls[i];

		host = json_object_get(j, s->host);
		if (!host) {
			host = json_object();
			json_object_set_new(j, s->host, host);
		}
		json_object_set_new(host, s->key, json_string(s->value));
	}
	return j;
}
