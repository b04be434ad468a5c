/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges saved runs again, from their timelines. Needs no root and no kernel. */
#include "command.h"

#include "expect/judge.h"
#include "load/yaml.h"
#include "option.h"
#include "reports.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#define TIMELINE "timeline.ndjson"
#define SCENARIO "scenario.yaml"

typedef ARRAY(char *) paths;

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk(FTS *tree, paths *ret, struct err *err)
{
	FTSENT *x;

	while (errno = 0, (x = fts_read(tree))) {
		if (x->fts_info == FTS_DNR || x->fts_info == FTS_ERR || x->fts_info == FTS_NS) {
			errno = x->fts_errno;
			return err_sys(err, "%s", x->fts_path);
		}
		if (x->fts_info == FTS_F && !strcmp(x->fts_name, TIMELINE))
			array_push(ret,
			        must(strndup(x->fts_path, x->fts_pathlen - strlen("/" TIMELINE))));
	}
	return errno ? err_sys(err, "reading directories") : 0;
}

/* The directories with a timeline at or below `dir`. 0, or -1 with err: also when there is none. */
static int find_runs(char *dir, paths *ret, struct err *err)
{
	char *roots[] = {dir, NULL};
	size_t had = ret->n;
	FTS *tree;
	int r;

	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!tree)
		r = err_sys(err, "%s", dir);
	else
		r = walk(tree, ret, err);
	if (tree)
		fts_close(tree);
	if (!r && ret->n == had)
		r = err_set(err, ERR_INPUT, "%s: no " TIMELINE " there or below", dir);
	if (r)
		err->kind = ERR_INPUT;
	return r;
}

static FILE *open_in(const char *dir, const char *name, char *path, size_t size, struct err *err)
{
	FILE *f;

	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size) {
		err_set(err, ERR_INPUT, "%s: too long a path", dir);
		return NULL;
	}
	f = fopen(path, "re");
	if (!f) {
		err_sys(err, "%s", path);
		err->kind = ERR_INPUT;
	}
	return f;
}

static int read_timeline(const char *dir, struct timeline *ret, struct err *err)
{
	char path[4096];
	FILE *f = open_in(dir, TIMELINE, path, sizeof path, err);
	int r;

	if (!f)
		return -1;
	r = timeline_read(f, path, ret, err);
	fclose(f);
	return r;
}

static struct scenario *read_scenario(const char *dir, struct err *err)
{
	char path[4096];
	FILE *f = open_in(dir, SCENARIO, path, sizeof path, err);

	if (!f)
		return NULL;
	fclose(f);
	return scenario_load(path, err);
}

/* One saved run, loaded. Of one that is damaged there is `why`, and a scenario that has a name. */
struct saved {
	struct scenario *scenario;
	struct timeline timeline;
	struct err why;
};

static void saved_free(struct saved *s)
{
	timeline_free(&s->timeline);
	scenario_free(s->scenario);
}

/* Its own name is that of the file, scenario.yaml; the timeline has the one it was run by. */
static void name_scenario(struct scenario *s, const char *name)
{
	free(s->name);
	s->name = must(strdup(name));
}

static void load(const char *dir, struct saved *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->scenario = read_scenario(dir, &ret->why);
	if (!ret->scenario) {
		ret->scenario = must(calloc(1, sizeof *ret->scenario));
		name_scenario(ret->scenario, dir);
	} else if (read_timeline(dir, &ret->timeline, &ret->why)) {
		name_scenario(ret->scenario, dir);
	} else {
		name_scenario(ret->scenario, ret->timeline.head.scenario);
	}
}

static void judge(const struct saved *s, struct reports *reports, uint64_t *took_ns)
{
	struct verdict v = {.kind = VERDICT_ERROR};
	struct outcome o = {.scenario = s->scenario, .verdict = &v};
	const struct timeline_head *h = &s->timeline.head;

	snprintf(o.title, sizeof o.title, "%s", s->scenario->name);
	if (s->why.kind) {
		snprintf(v.why, sizeof v.why, "%s", s->why.text);
	} else {
		o.timeline = &s->timeline;
		judge_timeline(s->scenario, &s->timeline, &v);
		snprintf(o.title, sizeof o.title, "%s IPv%u", s->scenario->name, h->family);
	}
	*took_ns += v.took_ns;
	reports_outcome(reports, &o);
	verdict_free(&v);
}

/* A damaged one among others is an ERROR, and the others are judged. */
static int replay_all(const paths *runs, struct reports *reports, struct err *err)
{
	uint64_t took_ns = 0;

	reports_begin(reports, runs->n);
	for (size_t i = 0; i < runs->n; i++) {
		struct saved s;

		load(runs->v[i], &s);
		judge(&s, reports, &took_ns);
		saved_free(&s);
	}
	return reports_end(reports, took_ns, err);
}

/* The only one there is does not load: nothing is reported. */
static int check_single(const paths *runs, struct err *err)
{
	struct saved s;

	if (runs->n != 1)
		return 0;
	load(runs->v[0], &s);
	*err = s.why;
	saved_free(&s);
	return err->kind ? -1 : 0;
}

static int take_options(int argc, char **argv, struct reports *reports, struct err *err)
{
	static const struct option longs[] = {
	        {"report", required_argument, NULL, 'R'},
	        {"verbose", no_argument, NULL, 'v'},
	        {0},
	};
	int c;

	while ((c = option_next(argc, argv, "v", longs, err)) != -1) {
		if (c == 'v')
			reports->verbose = 1;
		else if (c == '?' || reports_add(reports, optarg, err))
			return -1;
	}
	if (optind == argc)
		return err_set(err, ERR_INPUT, "replay what? A directory of `lastack run --out`");
	return 0;
}

static int replay(int argc, char **argv)
{
	struct reports reports = {0};
	struct err err = {0};
	paths runs = {0};
	int failed = take_options(argc, argv, &reports, &err);

	for (int i = optind; i < argc && !failed; i++)
		failed = find_runs(argv[i], &runs, &err);
	if (!failed)
		failed = check_single(&runs, &err) || replay_all(&runs, &reports, &err);
	array_each (char *, p, &runs)
		free(*p);
	array_free(&runs);
	array_free(&reports.all);
	return failed ? command_error(&err) : reports_exit_code(&reports);
}

const struct command command_replay = {
        .name = "replay",
        .usage = "replay DIR...",
        .help = "judges saved runs again, without root",
        .more = "DIR is what `lastack run --out DIR` left, or any directory below it: " SCENARIO
                " and\n" TIMELINE " are judged as on the day they were recorded. Of "
                "several, one\nthat cannot be read is an ERROR, and the others are judged.\n\n"
                "  --report term|tap|json[=FILE]   may be given more than once; default term\n"
                "  -v, --verbose                   also what held\n",
        .main = replay,
};
