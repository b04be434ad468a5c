/* SPDX-License-Identifier: BSD-2-Clause */
#include "save.h"

#include "run/save_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE    1024 /* of a path */
#define SCENARIO "scenario.yaml"
#define TIMELINE "timeline.ndjson"
#define CAPTURE  "wire.pcapng"

/* mkdir -p */
static int make_directories(const char *dir, struct err *err)
{
	char path[PLACE];

	if (!*dir)
		return err_set(err, ERR_INPUT, "--out: no directory");
	if ((size_t)snprintf(path, sizeof path, "%s", dir) >= sizeof path)
		return err_set(err, ERR_INPUT, "%s: too long a path", dir);
	for (char *c = path + 1;; c++) {
		char was = *c;

		if (was && was != '/')
			continue;
		*c = 0;
		if (mkdir(path, 0777) && errno != EEXIST) {
			err_sys(err, "%s", path);
			err->kind = ERR_INPUT;
			return -1;
		}
		*c = was;
		if (!was)
			return 0;
	}
}

/* ---- where a run goes ---- */

/* DIR/NAME, of all runs of a scenario. */
static int scenario_place(const char *out, const struct scenario *s, char *ret, struct err *err)
{
	if ((size_t)snprintf(ret, PLACE, "%s/%s", out, s->name) >= PLACE)
		return err_set(err, ERR_INPUT, "%s/%s: too long a path", out, s->name);
	return 0;
}

/* DIR/NAME/ipv4, or ipv4-3 of a run that is repeated. */
static int run_place(const char *out, const struct plan *p, char *ret, struct err *err)
{
	char again[16] = "";
	size_t n;

	if (scenario_place(out, p->scenario, ret, err))
		return -1;
	if (p->repeat)
		snprintf(again, sizeof again, "-%u", p->repeat);
	n = strlen(ret);
	if ((size_t)snprintf(ret + n, PLACE - n, "/ipv%u%s", p->family, again) >= PLACE - n)
		return err_set(err, ERR_INPUT, "%s: too long a path", ret);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct plan *const *x = a, *const *y = b;

	return strcmp((*x)->scenario->name, (*y)->scenario->name);
}

typedef ARRAY(const struct plan *) plan_list;

static int check_places(const char *out, const plan_list *l, struct err *err)
{
	char place[PLACE];

	for (size_t i = 0; i < l->n; i++) {
		const struct scenario *s = l->v[i]->scenario;
		const struct scenario *before = i ? l->v[i - 1]->scenario : s;

		if (run_place(out, l->v[i], place, err))
			return -1;
		if (s != before && !strcmp(s->name, before->name))
			return err_set(err, ERR_INPUT,
			        "--out: %s and %s would both go to %s/%s; give the directory "
			        "above them, or another --out to each",
			        before->path, s->path, out, s->name);
	}
	return 0;
}

/* ---- what an earlier run left ---- */

static const char *const saved_names[] = {SCENARIO, TIMELINE, CAPTURE};

/* "ipv4", "ipv4-12" */
static int is_run_of(const char *name, unsigned family)
{
	char plain[16];
	size_t n = (size_t)snprintf(plain, sizeof plain, "ipv%u", family);

	if (strncmp(name, plain, n) != 0)
		return 0;
	name += n;
	return !*name || (*name == '-' && name[1] && !name[1 + strspn(name + 1, "0123456789")]);
}

/* What else lies there stays. */
static int forget_run(const char *place, const char *run, struct err *err)
{
	char path[PLACE + 300];

	for (size_t i = 0; i < sizeof saved_names / sizeof *saved_names; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", place, run, saved_names[i]);
		if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, "%s", path);
	}
	snprintf(path, sizeof path, "%s/%s", place, run);
	rmdir(path);
	return 0;
}

static int forget(const char *out, const struct plan *p, struct err *err)
{
	char place[PLACE];
	struct dirent *d;
	int failed = 0;
	DIR *f;

	if (scenario_place(out, p->scenario, place, err))
		return -1;
	f = opendir(place);
	if (!f)
		return errno == ENOENT ? 0 : err_sys(err, "%s", place);
	while (!failed && (d = readdir(f)))
		if (is_run_of(d->d_name, p->family))
			failed = forget_run(place, d->d_name, err);
	closedir(f);
	return failed;
}

static int forget_all(const char *out, const plan_list *l, struct err *err)
{
	array_each (const struct plan *, p, l)
		if (forget(out, *p, err))
			return -1;
	return 0;
}

/* ---- all of it ---- */

int save_prepare(const char *out, const struct plan *plans, size_t n, struct err *err)
{
	plan_list first = {0}; /* of each scenario and family */
	int failed;

	for (size_t i = 0; i < n; i++)
		if (plans[i].repeat <= 1)
			array_push(&first, &plans[i]);
	qsort(first.v, first.n, sizeof *first.v, by_name);
	failed = check_places(out, &first, err) || make_directories(out, err) ||
	         save_file_try(out, err) || forget_all(out, &first, err);
	if (failed)
		err->kind = ERR_INPUT;
	array_free(&first);
	return failed ? -1 : 0;
}

static int save_scenario(const char *path, const char *dir, struct err *err)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), r;

	if (in < 0)
		return err_sys(err, "%s", path);
	r = save_file(in, dir, SCENARIO, err);
	close(in);
	return r;
}

int save_run(const char *out, const struct plan *p, const struct run_order *o, struct err *err)
{
	char dir[PLACE];
	struct stat st;

	if (o->timeline < 0)
		return 0; /* it never began */
	if (run_place(out, p, dir, err) || make_directories(dir, err) ||
	        save_scenario(p->scenario->path, dir, err) ||
	        save_file(o->timeline, dir, TIMELINE, err))
		return -1;
	if (o->capture < 0 || fstat(o->capture, &st) || !st.st_size)
		return 0;
	return save_file(o->capture, dir, CAPTURE, err);
}
