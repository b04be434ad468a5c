/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs scenarios and reports the verdicts. */
#include "command.h"

#include "core/clock.h"
#include "core/words.h"
#include "load/catalogue.h"
#include "model/sysctl_name.h"
#include "netns/nft.h"
#include "netns/sysctl.h"
#include "run/controller.h"
#include "run/save.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

/* One --report: who writes, and where to. */
struct report {
	const struct reporter *reporter;
	FILE *out;
	struct report_options options;
};

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
	ARRAY(struct report) reports;
	ARRAY(struct setting) settings;
};

struct running {
	struct run_options *o;
	size_t counts[VERDICT_COUNT];
};

/* ---- options ---- */

static int number(const char *option, const char *text, unsigned long long max,
        unsigned long long *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (!(*text >= '0' && *text <= '9') || *end || errno || *ret > max)
		return err_set(err, ERR_INPUT, "%s: '%s' is no whole number from 0 to %llu", option,
		        text, max);
	return 0;
}

/* "tap", "json=FILE" */
static int add_report(struct run_options *o, const char *text, struct err *err)
{
	size_t n = strcspn(text, "=");
	char name[32];
	struct report r = {.out = stdout};

	snprintf(name, sizeof name, "%.*s", (int)n, text);
	r.reporter = reporter_find(name);
	if (!r.reporter) {
		const char *names[16];
		size_t k = 0;
		const char *near;

		for (; k < 16 && reporters[k]; k++)
			names[k] = reporters[k]->name;
		near = words_nearest(name, names, k);
		return err_set(err, ERR_INPUT, "--report: there is no '%s'%s%s%s", name,
		        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	if (text[n] == '=') {
		r.out = fopen(text + n + 1, "we");
		if (!r.out) {
			err_sys(err, "--report: %s", text + n + 1);
			err->kind = ERR_INPUT;
			return -1;
		}
	}
	r.options.colour = isatty(fileno(r.out)) && !getenv("NO_COLOR");
	array_push(&o->reports, r);
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
	fault = sysctl_name_fault(x.name);
	if (fault)
		return err_set(err, ERR_INPUT, "--set: '%s' %s", x.name, fault);
	return 0;
}

static int take_observers(struct run_options *o, const char *text, struct err *err)
{
	static const char *const names[] = {"auto", "bpf", "poll"}; /* enum observers */

	for (enum observers x = OBSERVE_AUTO; x <= OBSERVE_POLL; x++)
		if (!strcmp(text, names[x])) {
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
	unsigned long long n = 0;

	switch (c) {
	case 'j':
		if (number("-j", arg, 1024, &n, err))
			return -1;
		o->jobs = (unsigned)n;
		return n ? 0 : err_set(err, ERR_INPUT, "-j: at least 1");
	case 'r':
		if (number("--repeat", arg, 1000000, &n, err))
			return -1;
		o->repeat = (unsigned)n;
		return n ? 0 : err_set(err, ERR_INPUT, "--repeat: at least 1");
	case 'S':
		return number("--seed", arg, UINT64_MAX, (unsigned long long *)&o->seed, err);
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
		return add_report(o, arg, err);
	}
	return err_set(err, ERR_INPUT, "see `lastack help run`");
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

	while ((c = getopt_long(argc, argv, "j:", longs, NULL)) != -1)
		if (take_option(o, c, optarg, err))
			return -1;
	if (!o->reports.n)
		return add_report(o, "term", err);
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

static void each_outcome(void *arg, const struct outcome *x, size_t n)
{
	struct running *r = arg;

	r->counts[x->verdict->kind]++;
	array_each (struct report, p, &r->o->reports) {
		p->reporter->outcome(p->out, &p->options, x, n);
		fflush(p->out);
	}
}

static void on_note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "lastack: %s\n", text);
}

static int end_reports(struct running *r, uint64_t took_ns, struct err *err)
{
	int failed = 0;

	array_each (struct report, p, &r->o->reports) {
		p->reporter->end(p->out, &p->options, r->counts, took_ns);
		if (fflush(p->out) || ferror(p->out))
			failed = err_sys(err, "writing the %s report", p->reporter->name);
		if (p->out != stdout && fclose(p->out))
			failed = err_sys(err, "writing the %s report", p->reporter->name);
	}
	return failed;
}

static int code_of(const size_t counts[VERDICT_COUNT])
{
	if (counts[VERDICT_ERROR])
		return EXIT_LAB;
	if (counts[VERDICT_FAIL])
		return EXIT_FAILED;
	return counts[VERDICT_PASS] ? EXIT_PASSED : EXIT_SKIPPED;
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

static int run_plans(struct run_options *o, const plans *p, struct err *err)
{
	struct running running = {.o = o};
	struct controller_config config = {
	        .plans = p->v,
	        .n = p->n,
	        .jobs = o->jobs,
	        .seed = o->seed,
	        .out = o->out,
	        .observers = o->observers,
	        .progress = isatty(STDERR_FILENO),
	        .outcome = each_outcome,
	        .note = on_note,
	        .arg = &running,
	};
	uint64_t began = clock_now_ns();
	int r;

	raise_limit();
	array_each (struct report, x, &o->reports)
		x->reporter->begin(x->out, &x->options, p->n);
	r = controller_run(&config, err);
	if (end_reports(&running, clock_now_ns() - began, err) || r < 0)
		return command_error(err);
	if (r > 0) {
		fputs("lastack: interrupted: these are the verdicts so far\n", stderr);
		return running.counts[VERDICT_FAIL] ? EXIT_FAILED : EXIT_LAB;
	}
	return code_of(running.counts);
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
	} else if ((o->out && save_prepare(o->out, err)) || sysctl_try(scenarios, n, err) ||
	           nft_try(scenarios, n, err)) {
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
	array_free(&o->reports);
}

static int run(int argc, char **argv)
{
	struct run_options o = {.jobs = 4 * (unsigned)sysconf(_SC_NPROCESSORS_ONLN), .repeat = 1};
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
                "captures there\n"
                "  --report term|tap|json[=FILE]   may be given more than once; default term\n",
        .main = run,
};
