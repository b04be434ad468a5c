/* SPDX-License-Identifier: BSD-2-Clause */
#include "catalogue.h"

#include "core/words.h"
#include "yaml.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".yaml"

typedef ARRAY(struct scenario *) scenario_list;

static int is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* From the directory of the running program: the tree it was built in, or where it was installed.
 */
static char *beside_binary(void)
{
	static const char *const places[] = {"scenarios", "share/lastack/scenarios"};
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return NULL;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	for (unsigned i = 0; i < 2; i++) {
		char *path, *plain = NULL;

		if (asprintf(&path, "%s/../%s", self, places[i]) < 0)
			must(NULL);
		if (is_directory(path))
			plain = realpath(path, NULL);
		free(path);
		if (plain)
			return plain;
	}
	return NULL;
}

char *catalogue_directory(struct err *err)
{
	const char *set = getenv("LASTACK_SCENARIOS");
	char *beside;

	if (set && *set) {
		if (is_directory(set))
			return must(strdup(set));
		err_set(err, ERR_INPUT, "LASTACK_SCENARIOS is '%s', which is no directory", set);
		return NULL;
	}
	if (is_directory("scenarios"))
		return must(strdup("scenarios"));
	beside = beside_binary();
	if (beside)
		return beside;
	err_set(err, ERR_INPUT,
	        "no scenarios found: not in ./scenarios, and not where the program was built or "
	        "installed; give a file, or set LASTACK_SCENARIOS");
	return NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int is_scenario_file(const FTSENT *f)
{
	size_t n = f->fts_namelen;

	return f->fts_info == FTS_F && f->fts_name[0] != '.' && n > strlen(SUFFIX) &&
	       !strcmp(f->fts_name + n - strlen(SUFFIX), SUFFIX);
}

static int load_one(const char *path, scenario_list *list, struct err *err)
{
	struct scenario *s = scenario_load(path, err);

	if (!s)
		return -1;
	array_push(list, s);
	return 0;
}

/* Of two with one file name the directories tell which is which. */
static int load_below(const char *directory, const char *path, scenario_list *list, struct err *err)
{
	struct scenario *s;

	if (load_one(path, list, err))
		return -1;
	s = list->v[list->n - 1];
	free(s->name);
	s->name = scenario_name(path, directory);
	return 0;
}

/* Every *.yaml below a directory, in the order of names; other file systems, /proc among them, are
 * left out. */
static int load_tree(const char *directory, scenario_list *list, struct err *err)
{
	char *roots[] = {(char *)directory, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
	FTSENT *f;
	int failed = 0;

	if (!tree)
		return err_sys(err, "%s", directory);
	while (!failed && (f = fts_read(tree))) {
		if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR || f->fts_info == FTS_NS)
			failed = err_set(err, ERR_INPUT, "%s: cannot be read: %s", f->fts_path,
			        strerror(f->fts_errno));
		else if (is_scenario_file(f))
			failed = load_below(directory, f->fts_path, list, err);
	}
	fts_close(tree);
	return failed;
}

static void list_free(scenario_list *list)
{
	array_each (struct scenario *, s, list)
		scenario_free(*s);
	array_free(list);
}

/* Whether a word of the command line means this scenario: its name, a directory of it, a tag. */
static int means(const char *word, const struct scenario *s)
{
	size_t n = strlen(word);

	while (n > 1 && word[n - 1] == '/')
		n--;
	if (!strncmp(s->name, word, n) && (!s->name[n] || s->name[n] == '/'))
		return 1;
	return scenario_has_tag(s, word) || (!strcmp(word, "fast") && !scenario_is_slow(s));
}

static int unknown(const char *word, const scenario_list *all, struct err *err)
{
	ARRAY(const char *) names = {0};
	const char *near;

	array_each (struct scenario *, s, all) {
		if (!*s) /* taken by an earlier word */
			continue;
		array_push(&names, (*s)->name);
		array_each (char *, t, &(*s)->tags)
			array_push(&names, *t);
	}
	near = words_nearest(word, names.v, names.n);
	err_set(err, ERR_INPUT, "'%s' is no file, and no name or tag of a scenario%s%s%s", word,
	        near ? ", did you mean '" : "; `lastack list` shows them", near ? near : "",
	        near ? "'?" : "");
	array_free(&names);
	return -1;
}

/* Moves what the word means from the catalogue to the list. */
static int take_word(
        const char *word, scenario_list *catalogue, scenario_list *list, struct err *err)
{
	int found = 0;

	array_each (struct scenario *, s, catalogue)
		if (*s && means(word, *s)) {
			array_push(list, *s);
			*s = NULL;
			found = 1;
		}
	if (found)
		return 0;
	array_each (struct scenario *, s, list) /* an earlier word may have taken it */
		if (means(word, *s))
			return 0;
	return unknown(word, catalogue, err);
}

static int same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A scenario that two arguments name is there once. */
static void drop_repeated(scenario_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		size_t j = 0;

		while (j < kept && !same_file(list->v[j]->path, list->v[i]->path))
			j++;
		if (j < kept)
			scenario_free(list->v[i]);
		else
			list->v[kept++] = list->v[i];
	}
	list->n = kept;
}

static int load_catalogue(scenario_list *list, struct err *err)
{
	char *directory = catalogue_directory(err);
	int failed;

	if (!directory)
		return -1;
	failed = load_tree(directory, list, err);
	if (!failed && !list->n)
		failed = err_set(err, ERR_INPUT, "%s: no scenario in it", directory);
	free(directory);
	return failed;
}

static int is_path(const char *arg)
{
	size_t n = strlen(arg);

	return !access(arg, F_OK) || *arg == '/' || *arg == '.' ||
	       (n > strlen(SUFFIX) && !strcmp(arg + n - strlen(SUFFIX), SUFFIX));
}

static int take_path(const char *path, scenario_list *list, struct err *err)
{
	size_t before = list->n;

	if (!is_directory(path))
		return load_one(path, list, err);
	if (load_tree(path, list, err))
		return -1;
	if (list->n == before)
		return err_set(err, ERR_INPUT, "%s: no scenario in it", path);
	return 0;
}

/* The catalogue is read only when a word needs it: a file alone works without one. */
static int take_args(char **args, int n, scenario_list *list, struct err *err)
{
	scenario_list catalogue = {0};
	int loaded = 0, failed = 0;

	for (int i = 0; i < n && !failed; i++) {
		if (is_path(args[i])) {
			failed = take_path(args[i], list, err);
			continue;
		}
		if (!loaded++)
			failed = load_catalogue(&catalogue, err);
		if (!failed)
			failed = take_word(args[i], &catalogue, list, err);
	}
	list_free(&catalogue);
	return failed;
}

int catalogue_find(char **args, int n, struct scenario ***ret, size_t *ret_n, struct err *err)
{
	scenario_list list = {0};

	if (n ? take_args(args, n, &list, err) : load_catalogue(&list, err)) {
		list_free(&list);
		return -1;
	}
	drop_repeated(&list);
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

int catalogue_is_named(const struct scenario *s, char **args, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(args[i], s->name) || same_file(args[i], s->path))
			return 1;
	return 0;
}

void catalogue_free(struct scenario **scenarios, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scenario_free(scenarios[i]);
	free(scenarios);
}
