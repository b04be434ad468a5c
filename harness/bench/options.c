/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_read.h"

#include "core/clock.h"
#include "core/words.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUN_DESTS 16
#define PORT_LO   32768 /* the kernel's default range */
#define PORT_HI   60999

#define RUNS  (VERB_RUN | VERB_SWEEP)
#define SIDE  (VERB_RUN | VERB_SWEEP | VERB_SERVE)
#define EVERY (VERB_RUN | VERB_SWEEP | VERB_PORTS | VERB_CAPACITY)

static const struct row {
	const char *name, *arg, *help;
	unsigned verbs;
	int (*set)(struct bench_options *o, const char *value, struct err *err);
} rows[] = {
#define OPTION(name, arg, help, verbs, set) {name, arg, help, verbs, set},
#include "options.def"
#undef OPTION
};

#define N_ROWS (sizeof rows / sizeof *rows)

#define HELP_RUN      "runs clients and servers as fast as they go, or at --rate"
#define HELP_PORTS    "what connect() costs as the ports fill up"
#define HELP_CAPACITY "when the ports run out at a rate, and what is enough"
#define HELP_SWEEP    "runs for each value of a sysctl, and compares"
#define HELP_SERVE    "the server side alone, for --against from elsewhere"

static const struct {
	const char *word;
	enum bench_verb verb;
	const char *usage, *help;
} verbs[] = {
        {"ports", VERB_PORTS, "[OPTION]...", HELP_PORTS},
        {"capacity", VERB_CAPACITY, "[OPTION]...", HELP_CAPACITY},
        {"sweep", VERB_SWEEP, "--set HOST:KEY=VALUE,VALUE... [OPTION]...", HELP_SWEEP},
        {"serve", VERB_SERVE, "--listen ADDR:PORT [OPTION]...", HELP_SERVE},
};

#define N_VERBS (sizeof verbs / sizeof *verbs)

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static const char *word_of(enum bench_verb verb)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (verbs[i].verb == verb)
			return verbs[i].word;
	return "";
}

static int is_given(const struct bench_options *o, const char *name)
{
	return o->given >> (find(name) - rows) & 1;
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

static int no_option(const char *word, int first, struct err *err)
{
	const char *names[N_VERBS], *near;

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].word;
	near = first ? words_nearest(word, names, N_VERBS) : NULL;
	return err_set(err, ERR_INPUT, "bench: '%s' is no option%s%s%s", word,
	        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The value of an option: behind its '=', or the next word, which must not be an option itself. */
static const char *value_of(const char *equals, int argc, char **argv, int *i)
{
	if (equals)
		return equals + 1;
	return *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) ? argv[++*i] : NULL;
}

/* One option at argv[*i], which moves on to its last word. */
static int one(int argc, char **argv, int *i, struct bench_options *o, struct err *err)
{
	char name[32];
	const char *word = argv[*i], *equals = strchr(word, '='), *value = NULL;
	const struct row *row;

	if (strncmp(word, "--", 2))
		return no_option(word, *i == 1, err);
	snprintf(name, sizeof name, "%.*s",
	        (int)(equals ? (size_t)(equals - word - 2) : strlen(word + 2)), word + 2);
	row = find(name);
	if (!row)
		return unknown(name, err);
	if (!(row->verbs & o->verb))
		return err_set(err, ERR_INPUT, "bench%s%s: --%s has no meaning here",
		        o->verb == VERB_RUN ? "" : " ", word_of(o->verb), name);
	if (*row->arg) {
		value = value_of(equals, argc, argv, i);
		if (!value)
			return err_set(err, ERR_INPUT, "bench: --%s takes %s", name, row->arg);
	} else if (equals) {
		return err_set(err, ERR_INPUT, "bench: --%s takes nothing", name);
	}
	if (row->set(o, value, err))
		return err_prefix(err, "bench: --%s", name);
	o->given |= 1ull << (row - rows);
	return 0;
}

/* What would be ignored beside another option. */
static int clashing(const struct bench_options *o, struct err *err)
{
	static const char *const own[] = {"link", "dests", "sources", "set", "nft"};
	static const char *const verified[] = {"flows", "ip"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (o->config.against.family && is_given(o, own[i]))
			return err_set(err, ERR_INPUT,
			        "bench: --%s is for the lab's own hosts; --against has none",
			        own[i]);
	for (size_t i = 0; i < sizeof verified / sizeof *verified; i++)
		if (o->verb == VERB_CAPACITY && !o->verify && is_given(o, verified[i]))
			return err_set(err, ERR_INPUT,
			        "bench capacity: --%s is for --verify: the prediction doesn't "
			        "depend on it",
			        verified[i]);
	if (is_given(o, "json") && is_given(o, "csv"))
		return err_set(err, ERR_INPUT, "bench: --json or --csv, not both");
	return 0;
}

/* Over loopback both hosts are one: so with every value of a sweep, which comes behind the rest. */
static int settings_possible(const struct bench_options *o, struct err *err)
{
	const struct bench_sweep *w = &o->sweep;
	int failed = 0;

	if (o->config.link != BENCH_LOOPBACK)
		return 0;
	if (!w->n)
		return settings_agree(&o->config, err);
	for (unsigned i = 0; i < w->n && !failed; i++) {
		struct bench_config c;

		settings_copy(&c, &o->config);
		settings_add(&c, w->host, w->key, w->value[i]);
		failed = settings_agree(&c, err);
		array_free(&c.set); /* all else is the options' own */
	}
	return failed;
}

static int consistent(const struct bench_options *o, struct err *err)
{
	const struct bench_config *c = &o->config;

	if (clashing(o, err))
		return -1;
	if (settings_possible(o, err))
		return err_prefix(err, "bench");
	if (c->against.family && c->ports == PORTS_BIND)
		return err_set(err, ERR_INPUT,
		        "bench: --ports bind needs an address of the lab's own hosts; --against "
		        "has none");
	if (c->against.family && is_given(o, "ip") && c->family != c->against.family)
		return err_set(err, ERR_INPUT,
		        "bench: --ip %d, but the address of --against is IPv%d",
		        c->family == AF_INET ? 4 : 6, c->family == AF_INET ? 6 : 4);
	if (o->verb == VERB_SERVE && !c->serve.port)
		return err_set(err, ERR_INPUT, "bench serve: where? --listen ADDR:PORT");
	if (o->verb == VERB_SWEEP && !o->sweep.n)
		return err_set(err, ERR_INPUT,
		        "bench sweep: which values? --set client:net.ipv4.tcp_tw_reuse=0,1,2");
	return 0;
}

/* Where ports and capacity take their range from. */
static int settle_range(struct bench_options *o, struct err *err)
{
	unsigned lo = PORT_LO, hi = PORT_HI;
	int set = o->verb & (VERB_PORTS | VERB_CAPACITY) ? settings_range(&o->config, &lo, &hi, err)
	                                                 : 0;

	if (set < 0)
		return err_prefix(err, "bench");
	if (set && o->port_lo && (o->port_lo != lo || o->port_hi != hi))
		return err_set(err, ERR_INPUT,
		        "bench: --range %u-%u, but --set makes ip_local_port_range %u-%u",
		        o->port_lo, o->port_hi, lo, hi);
	if (!o->port_lo) {
		o->port_lo = lo;
		o->port_hi = hi;
	}
	return 0;
}

/* Enough addresses that the ports last for a usual run, wherever they are ours to give. */
static unsigned default_dests(const struct bench_options *o)
{
	return o->verb & RUNS && !o->config.against.family ? RUN_DESTS : 1;
}

static int is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* The verb, if there is one, and help, if that is all that is asked for. Where the options begin.
 */
static int first_words(int argc, char **argv, struct bench_options *o)
{
	int i = 1;

	for (size_t k = 0; argc > 1 && k < N_VERBS; k++)
		if (!strcmp(argv[1], verbs[k].word)) {
			o->verb = verbs[k].verb;
			i = 2;
		}
	for (int k = i; k < argc; k++)
		o->help |= is_help(argv[k]);
	return i;
}

int bench_options_parse(int argc, char **argv, struct bench_options *ret, struct err *err)
{
	int i;

	*ret = (struct bench_options){.verb = VERB_RUN, .repeat = 5};
	bench_config_init(&ret->config);
	ret->config.dests = 0;
	ret->config.progress = isatty(STDERR_FILENO);
	i = first_words(argc, argv, ret);
	if (ret->help)
		return 0;
	if (ret->verb == VERB_SERVE)
		ret->config.for_ns = 0;
	for (; i < argc; i++)
		if (one(argc, argv, &i, ret, err))
			return -1;
	if (consistent(ret, err) || settle_range(ret, err))
		return -1;
	if (ret->config.max_conns && !is_given(ret, "for"))
		ret->config.for_ns = 0;
	if (ret->config.against.family)
		ret->config.family = ret->config.against.family;
	if (!ret->config.dests)
		ret->config.dests = default_dests(ret);
	return 0;
}

void bench_options_free(struct bench_options *o)
{
	bench_config_free(&o->config);
}

static void print_option(FILE *out, const struct row *r)
{
	fprintf(out, "  --%s%s%s\n        %s\n", r->name, *r->arg ? " " : "", r->arg, r->help);
}

void bench_options_print_help(FILE *out, enum bench_verb verb)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (verbs[i].verb == verb)
			fprintf(out, "usage: lastack bench %s %s\n\n%s\n", verbs[i].word,
			        verbs[i].usage, verbs[i].help);
	if (verb == VERB_RUN)
		fputs("usage: lastack bench [OPTION]...\n\n" HELP_RUN "\n", out);
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].verbs & verb)
			print_option(out, &rows[i]);
}

const char bench_options_help[] =
        "lastack bench                 " HELP_RUN "\n"
        "lastack bench ports           " HELP_PORTS "\n"
        "lastack bench capacity        " HELP_CAPACITY "\n"
        "lastack bench sweep           " HELP_SWEEP "\n"
        "lastack bench serve           " HELP_SERVE "\n"
        "\nlastack bench VERB --help tells which of the options that takes.\n"
        "\nOptions:\n"
#define OPTION(name, arg, help, verbs, set) "  --" name " " arg "\n        " help "\n"
#include "options.def"
#undef OPTION
        ;
