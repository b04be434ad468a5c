/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_read.h"

#include "core/clock.h"
#include "core/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUN_DESTS 16
#define SERVE_NS  (365 * 86400 * NS_PER_S)

#define RUNS  (VERB_RUN | VERB_SWEEP)
#define SIDE  (VERB_RUN | VERB_SWEEP | VERB_SERVE)
#define EVERY (VERB_RUN | VERB_SWEEP | VERB_PORTS | VERB_CAPACITY)

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
	if (c->against.family && c->rulesets.n)
		return err_set(err, ERR_INPUT,
		        "bench: --nft is for the lab's own hosts; --against has none");
	if (o->verb == VERB_SERVE && !c->serve.port)
		return err_set(err, ERR_INPUT, "bench serve: where? --listen ADDR:PORT");
	if (o->verb == VERB_SWEEP && !o->sweep.n)
		return err_set(err, ERR_INPUT,
		        "bench sweep: which values? --set client:net.ipv4.tcp_tw_reuse=0,1,2");
	return 0;
}

/* Enough addresses that the ports last for a usual run, wherever they are ours to give. */
static unsigned default_dests(const struct bench_options *o)
{
	return o->verb & RUNS && !o->config.against.family ? RUN_DESTS : 1;
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
	ret->config.dests = 0;
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
	if (consistent(ret, err))
		return -1;
	if (!ret->config.dests)
		ret->config.dests = default_dests(ret);
	return 0;
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
