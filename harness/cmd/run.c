/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs scenarios and reports the verdicts. */
#include "command.h"

#include "core/clock.h"
#include "core/cpus.h"
#include "load/catalogue.h"
#include "model/sysctl_name.h"
#include "netns/nft.h"
#include "netns/sysctl.h"
#include "option.h"
#include "reports.h"
#include "run/controller.h"
#include "run/lacks.h"
#include "run/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

struct setting {
	enum host host;
	char *name, *value;
};

struct run_options {
	unsigned jobs, repeat, family;
	int slow;
	uint64_t seed;
	enum observers observers;
	enum link_kind link; /* LINK_AUTO: each scenario's own */
	const char *out;
	struct reports reports;
	ARRAY(struct setting) settings;
	ARRAY(const char *) set; /* the same, in its words */
};

/* ---- options ---- */

static int number(const char *option, const char *text, unsigned long long min,
        unsigned long long max, unsigned long long *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (!(*text >= '0' && *text <= '9') || *end || errno || *ret < min || *ret > max)
		return err_set(err, ERR_INPUT, "%s: '%s' is no whole number from %llu to %llu",
		        option, text, min, max);
	return 0;
}

static int take_unsigned(
        const char *option, const char *text, unsigned max, unsigned *ret, struct err *err)
{
	unsigned long long n;

	if (number(option, text, 1, max, &n, err))
		return -1;
	*ret = (unsigned)n;
	return 0;
}

/* "server:net.ipv4.tcp_fin_timeout=5" */
static int add_setting(struct run_options *o, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':'), *equals = colon ? strchr(colon, '=') : NULL;
	const char *fault;
	struct setting x;
	char host[16];
	int h;

	if (o->set.n == TIMELINE_SET || strlen(text) >= sizeof((struct timeline_head *)0)->set[0])
		return err_set(err, ERR_INPUT, "--set: at most %d, of less than %zu bytes each",
		        TIMELINE_SET, sizeof((struct timeline_head *)0)->set[0]);
	if (!equals || equals == colon + 1 || !equals[1])
		return err_set(err, ERR_INPUT,
		        "--set: '%s' is not HOST:SYSCTL=VALUE (server:net.ipv4.tcp_fin_timeout=5)",
		        text);
	snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	h = actor_parse(host);
	if (h < 0 || h >= HOST_COUNT)
		return err_set(err, ERR_INPUT,
		        "--set: there is no host '%s'; client, server or router", host);
	x = (struct setting){h, must(strndup(colon + 1, (size_t)(equals - colon - 1))),
	        must(strdup(equals + 1))};
	array_push(&o->settings, x);
	array_push(&o->set, text);
	fault = sysctl_name_fault(x.name);
	if (fault)
		return err_set(err, ERR_INPUT, "--set: '%s' %s", x.name, fault);
	return 0;
}

static const char *const observer_names[] = {"auto", "bpf", "poll"}; /* enum observers */

static int take_observers(struct run_options *o, const char *text, struct err *err)
{
	for (enum observers x = OBSERVE_AUTO; x <= OBSERVE_POLL; x++)
		if (!strcmp(text, observer_names[x])) {
			o->observers = x;
			return 0;
		}
	return err_set(err, ERR_INPUT, "--observers: '%s' is none of auto, bpf, poll", text);
}

static int take_link(struct run_options *o, const char *text, struct err *err)
{
	if (!strcmp(text, "veth"))
		o->link = LINK_VETH;
	else if (!strcmp(text, "wire"))
		o->link = LINK_WIRE;
	else
		return err_set(err, ERR_INPUT, "--link: '%s' is neither veth nor wire", text);
	return 0;
}

static int take_option(struct run_options *o, int c, const char *arg, struct err *err)
{
	unsigned long long n;

	switch (c) {
	case 'j':
		return take_unsigned("-j", arg, 1024, &o->jobs, err);
	case 'r':
		return take_unsigned("--repeat", arg, 1000000, &o->repeat, err);
	case 'S':
		if (number("--seed", arg, 0, UINT64_MAX, &n, err))
			return -1;
		o->seed = n;
		return 0;
	case 'i':
		if (strcmp(arg, "4") && strcmp(arg, "6"))
			return err_set(err, ERR_INPUT, "--ip: '%s' is neither 4 nor 6", arg);
		o->family = (unsigned)(*arg - '0');
		return 0;
	case 's':
		o->slow = 1;
		return 0;
	case 'b':
		return take_observers(o, arg, err);
	case 'l':
		return take_link(o, arg, err);
	case 'o':
		o->out = arg;
		return 0;
	case 'e':
		return add_setting(o, arg, err);
	case 'R':
		return reports_add(&o->reports, arg, err);
	}
	return -1;
}

static int take_options(struct run_options *o, int argc, char **argv, struct err *err)
{
	static const struct option longs[] = {
	        {"jobs", required_argument, NULL, 'j'},
	        {"slow", no_argument, NULL, 's'},
	        {"repeat", required_argument, NULL, 'r'},
	        {"seed", required_argument, NULL, 'S'},
	        {"ip", required_argument, NULL, 'i'},
	        {"set", required_argument, NULL, 'e'},
	        {"link", required_argument, NULL, 'l'},
	        {"observers", required_argument, NULL, 'b'},
	        {"out", required_argument, NULL, 'o'},
	        {"report", required_argument, NULL, 'R'},
	        {0},
	};
	int c;

	while ((c = option_next(argc, argv, "j:", longs, err)) != -1)
		if (c == '?' || take_option(o, c, optarg, err))
			return -1;
	return 0;
}

/* ---- what to run ---- */

static void apply_settings(const struct run_options *o, struct scenario *s)
{
	if (o->link != LINK_AUTO)
		s->link = o->link;
	array_each (struct setting, x, &o->settings) {
		struct sysctl_setting set = {
		        .name = must(strdup(x->name)), .value = must(strdup(x->value))};

		array_push(&s->hosts[x->host].sysctls, set);
	}
}

typedef ARRAY(struct plan) plans;

/* A setting for a router that no run has would change nothing, and nobody would know. */
static int check_settings(const struct run_options *o, const plans *p, struct err *err)
{
	array_each (const struct setting, x, &o->settings) {
		size_t i = 0;

		while (i < p->n && !p->v[i].scenario->hosts[x->host].present)
			i++;
		if (i == p->n)
			return err_set(err, ERR_INPUT,
			        "--set %s:%s: none of these scenarios has a %s",
			        actor_names[x->host], x->name, actor_names[x->host]);
	}
	return 0;
}

static void add_plans(
        const struct run_options *o, const struct scenario *s, unsigned again, plans *ret)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		if (!(s->families & (family == 4 ? 1 : 2)) || (o->family && o->family != family))
			continue;
		array_push(ret, ((struct plan){s, family, o->repeat > 1 ? again : 0}));
	}
}

/* The slow ones first: all the others fit into their waiting. */
static void make_plans(const struct run_options *o, struct scenario **s, size_t n, char **args,
        int n_args, plans *ret)
{
	for (unsigned again = 1; again <= o->repeat; again++)
		for (int slow = 1; slow >= 0; slow--)
			for (size_t i = 0; i < n; i++) {
				if (scenario_is_slow(s[i]) != slow)
					continue;
				if (slow && !o->slow && !catalogue_is_named(s[i], args, n_args))
					continue;
				add_plans(o, s[i], again, ret);
			}
}

/* ---- reporting ---- */

static void on_ended(void *arg, const struct outcome *x)
{
	reports_ended(arg, x);
}

static void on_in_order(void *arg, const struct outcome *x)
{
	reports_in_order(arg, x);
}

static void on_note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "lastack: %s\n", text);
}

/* A cell needs about a dozen descriptors in the controller; the usual soft limit of 1024 is soon
 * reached. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* The verdicts so far stand; what was under way has none. */
static void tell_interrupted(struct reports *r, size_t n_runs)
{
	size_t left = n_runs - r->n;

	reports_bail(r, left);
	fprintf(stderr, "lastack: interrupted: %zu of %zu runs %s no verdict\n", left, n_runs,
	        left == 1 ? "has" : "have");
}

/* What else changes a run, in the words of the command line. */
static void other_options(const struct run_options *o, char *ret, size_t size)
{
	size_t n = 0;

	*ret = 0;
	if (o->link != LINK_AUTO)
		n = (size_t)snprintf(
		        ret, size, " --link %s", o->link == LINK_VETH ? "veth" : "wire");
	if (o->observers != OBSERVE_AUTO)
		snprintf(ret + n, size - n, " --observers %s", observer_names[o->observers]);
}

static int run_plans(struct run_options *o, const plans *p, struct err *err)
{
	char options[64];
	struct reports *reports = &o->reports;
	struct controller_config config = {
	        .plans = p->v,
	        .n = p->n,
	        .jobs = o->jobs,
	        .seed = o->seed,
	        .out = o->out,
	        .observers = o->observers,
	        .set = o->set.v,
	        .n_set = o->set.n,
	        .options = options,
	        .progress = isatty(STDERR_FILENO),
	        .ended = on_ended,
	        .in_order = on_in_order,
	        .note = on_note,
	        .arg = reports,
	};
	uint64_t began = clock_now_ns();
	int r;

	other_options(o, options, sizeof options);
	raise_limit();
	reports_begin(reports, p->n);
	r = controller_run(&config, err);
	if (r > 0)
		tell_interrupted(reports, p->n);
	if (reports_end(reports, clock_now_ns() - began, r < 0 ? NULL : err) || r < 0)
		return command_error(err);
	if (r > 0)
		return reports->counts[VERDICT_FAIL] ? EXIT_FAILED : EXIT_LAB;
	return reports_exit_code(reports);
}

/*
 * What the kernel says of sysctls and rulesets, before there is any cell. A scenario that this
 * machine lacks something for is not asked about: it is skipped, and may be for another kernel.
 */
static int try_texts(struct scenario *const *s, size_t n, struct err *err)
{
	ARRAY(struct scenario *) able = {0};
	struct err ignored;
	int failed;

	for (size_t i = 0; i < n; i++)
		if (!lacks(s[i], &ignored))
			array_push(&able, s[i]);
	failed = sysctl_try(able.v, able.n, err) || nft_try(able.v, able.n, err);
	array_free(&able);
	return failed ? -1 : 0;
}

static int run_all(struct run_options *o, char **args, int n_args, struct err *err)
{
	struct scenario **scenarios;
	size_t n;
	plans p = {0};
	int code;

	if (catalogue_find(args, n_args, &scenarios, &n, err))
		return command_error(err);
	for (size_t i = 0; i < n; i++)
		apply_settings(o, scenarios[i]);
	make_plans(o, scenarios, n, args, n_args, &p);
	if (!p.n) {
		err_set(err, ERR_INPUT, "nothing to run: %s",
		        o->slow ? "no scenario is for this --ip"
		                : "what was named is of the slow tier (--slow) or not for this "
		                  "--ip");
		code = command_error(err);
	} else if (check_settings(o, &p, err) || try_texts(scenarios, n, err) ||
	           (o->out && save_prepare(o->out, p.v, p.n, err))) {
		code = command_error(err);
	} else {
		code = run_plans(o, &p, err);
	}
	array_free(&p);
	catalogue_free(scenarios, n);
	return code;
}

static void options_free(struct run_options *o)
{
	array_each (struct setting, x, &o->settings) {
		free(x->name);
		free(x->value);
	}
	array_free(&o->settings);
	array_free(&o->set);
	array_free(&o->reports.all);
}

static int run(int argc, char **argv)
{
	struct run_options o = {.jobs = 4 * cpus_count(), .repeat = 1};
	struct err err = {0};
	int code;

	if (getrandom(&o.seed, sizeof o.seed, 0) != sizeof o.seed)
		o.seed = clock_now_ns();
	o.seed &= 0xffffffff;
	if (take_options(&o, argc, argv, &err))
		code = command_error(&err);
	else
		code = run_all(&o, argv + optind, argc - optind, &err);
	options_free(&o);
	return code;
}

const struct command command_run = {
        .name = "run",
        .usage = "run [SCENARIO|DIR|TAG]...",
        .help = "runs scenarios, each in a cell of its own, and reports the verdicts",
        .more = "Without arguments: every scenario of the fast tier.\n\n"
                "  -j N                        so many cells at work at a time (default: four a "
                "CPU)\n"
                "  --slow                      also what takes minutes of kernel time\n"
                "  --repeat N                  each so many times\n"
                "  --ip 4|6                    only over this\n"
                "  --set HOST:SYSCTL=VALUE     sets a sysctl of a host, besides the scenario's "
                "own\n"
                "  --seed N                    of random faults; without it, a new one, which is "
                "recorded\n"
                "  --observers auto|bpf|poll   where transitions come from: the kernel's event "
                "stream, or looks\n"
                "                              at the sockets around each segment of the wire\n"
                "  --link veth|wire            what joins the hosts, whatever the scenario says; "
                "over veth nft does\n"
                "                              what it can of the wire's rules, and the rest is "
                "skipped\n"
                "  --out DIR                   leaves timelines (for `lastack replay`) and "
                "captures there, in place of\n"
                "                              what earlier runs of the same scenarios left\n"
                "  --report term|tap|json[=FILE]   may be given more than once; default term, "
                "which "
                "tells a verdict as soon\n"
                "                              as it is there; the others keep the order\n",
        .main = run,
};
