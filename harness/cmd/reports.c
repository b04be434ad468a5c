/* SPDX-License-Identifier: BSD-2-Clause */
#include "reports.h"

#include "command.h"
#include "core/words.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_such_reporter(const char *name, struct err *err)
{
	const char *names[16], *near;
	char list[128] = "";
	size_t n = 0;

	for (; n < 16 && reporters[n]; n++) {
		names[n] = reporters[n]->name;
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", n ? ", " : "",
		        names[n]);
	}
	near = words_nearest(name, names, n);
	if (near)
		return err_set(err, ERR_INPUT, "--report: there is no '%s'; did you mean '%s'?",
		        name, near);
	return err_set(err, ERR_INPUT, "--report: there is no '%s', only %s", name, list);
}

static int is_same(FILE *a, FILE *b)
{
	struct stat x, y, null;

	if (fstat(fileno(a), &x) || fstat(fileno(b), &y) || x.st_dev != y.st_dev ||
	        x.st_ino != y.st_ino)
		return 0;
	return stat("/dev/null", &null) || null.st_rdev != x.st_rdev;
}

/* Of two that write to one place neither could be read. */
static int check_alone(const struct reports *r, const struct report *x, struct err *err)
{
	array_each (const struct report, y, &r->all)
		if (is_same(x->out, y->out))
			return err_set(err, ERR_INPUT,
			        "--report: %s and %s would be written into one another; give a "
			        "file to one of them: %s=FILE",
			        y->reporter->name, x->reporter->name, x->reporter->name);
	return 0;
}

int reports_add(struct reports *r, const char *text, struct err *err)
{
	const char *file = strchr(text, '=');
	struct report x = {.out = stdout};
	char name[32];

	snprintf(name, sizeof name, "%.*s", file ? (int)(file - text) : 31, text);
	x.reporter = reporter_find(name);
	if (!x.reporter)
		return no_such_reporter(name, err);
	if (file) {
		x.out = fopen(file + 1, "we");
		if (!x.out) {
			err_sys(err, "--report: %s", file + 1);
			err->kind = ERR_INPUT;
			return -1;
		}
	}
	if (check_alone(r, &x, err)) {
		if (x.out != stdout)
			fclose(x.out);
		return -1;
	}
	x.options.colour = isatty(fileno(x.out)) && !getenv("NO_COLOR");
	array_push(&r->all, x);
	return 0;
}

void reports_begin(struct reports *r, size_t n_runs)
{
	if (!r->all.n)
		reports_add(r, "term", NULL);
	array_each (struct report, x, &r->all) {
		x->options.verbose = r->verbose;
		x->reporter->begin(x->out, &x->options, n_runs);
	}
}

static void tell(struct reports *r, const struct outcome *o, int in_order, size_t number)
{
	array_each (struct report, x, &r->all) {
		if (!x->reporter->in_order != !in_order)
			continue;
		x->reporter->outcome(x->out, &x->options, o, number);
		fflush(x->out);
	}
}

void reports_ended(struct reports *r, const struct outcome *o)
{
	r->counts[o->verdict->kind]++;
	tell(r, o, 0, ++r->n);
}

void reports_in_order(struct reports *r, const struct outcome *o)
{
	tell(r, o, 1, ++r->n_in_order);
}

void reports_outcome(struct reports *r, const struct outcome *o)
{
	reports_ended(r, o);
	reports_in_order(r, o);
}

void reports_bail(struct reports *r, size_t n_unfinished)
{
	array_each (struct report, x, &r->all)
		if (x->reporter->bail)
			x->reporter->bail(x->out, n_unfinished);
}

int reports_end(struct reports *r, uint64_t took_ns, struct err *err)
{
	int failed = 0;

	array_each (struct report, x, &r->all) {
		x->reporter->end(x->out, &x->options, r->counts, took_ns);
		if (fflush(x->out) || ferror(x->out))
			failed = err_sys(err, "writing the %s report", x->reporter->name);
		if (x->out != stdout && fclose(x->out))
			failed = err_sys(err, "writing the %s report", x->reporter->name);
	}
	array_free(&r->all);
	return failed;
}

int reports_exit_code(const struct reports *r)
{
	if (r->counts[VERDICT_ERROR])
		return EXIT_LAB;
	if (r->counts[VERDICT_FAIL])
		return EXIT_FAILED;
	return r->counts[VERDICT_PASS] ? EXIT_PASSED : EXIT_SKIPPED;
}
