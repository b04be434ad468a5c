/* SPDX-License-Identifier: BSD-2-Clause */
/* Every file of tests/bad is refused, with the error that its first line asks for. */
#include "load/catalogue.h"
#include "load/yaml.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MARK "# error: "

/* The first line, without the mark; in UTF-16 every other byte is NUL. */
static void wanted_of(const char *path, char *buf, size_t size)
{
	FILE *in = fopen(path, "re");
	size_t n = 0;
	int c;

	assert_non_null(in);
	while ((c = fgetc(in)) != EOF && c != '\n' && n + 1 < size)
		if (c > 0 && c < 0x80)
			buf[n++] = (char)c;
	buf[n] = 0;
	fclose(in);
	if (strncmp(buf, MARK, strlen(MARK)))
		fail_msg("%s does not begin with '%s'", path, MARK);
	memmove(buf, buf + strlen(MARK), n - strlen(MARK) + 1);
}

static void check_one(const char *path)
{
	char wanted[512], all[1024];
	struct err err = {0};
	struct scenario *s;

	wanted_of(path, wanted, sizeof wanted);
	s = scenario_load(path, &err);
	if (s) {
		scenario_free(s);
		fail_msg("%s loads, expected: %s", path, wanted);
	}
	snprintf(all, sizeof all, "%s:%s", path, wanted);
	if (strncmp(err.text, all, strlen(all)))
		fail_msg("expected: %s\n     got: %s", all, err.text);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_null(strchr(err.text, '\n'));
}

static void each_bad_file_has_its_error(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("tests/bad/*.yaml", 0, NULL, &g), 0);
	assert_true(g.gl_pathc > 80);
	for (size_t i = 0; i < g.gl_pathc; i++)
		check_one(g.gl_pathv[i]);
	globfree(&g);
}

static void expect_error(const char *path, const char *text)
{
	struct err err = {0};

	assert_null(scenario_load(path, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.text, text))
		fail_msg("expected '%s' in: %s", text, err.text);
}

static void what_is_no_file(void **state)
{
	(void)state;
	expect_error("tests", "tests: a directory, expected a file");
	expect_error("tests/no-such-file.yaml", "cannot be read: No such file or directory");
	expect_error("/dev/null", "no regular file");
}

static void a_large_file_is_refused_unread(void **state)
{
	char path[] = "/tmp/lastack-large-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 10 << 20), 0);
	close(fd);
	expect_error(path, "10485760 bytes, larger than a scenario may be (1 MiB)");
	unlink(path);
}

/* A text of n bytes in which `fill` is repeated between head and tail. */
static char *repeated(const char *head, const char *fill, const char *tail, size_t n)
{
	char *text = malloc(n + 1);
	size_t at = strlen(head), step = strlen(fill), end = n - strlen(tail);

	assert_non_null(text);
	memcpy(text, head, at);
	while (at + step <= end) {
		memcpy(text + at, fill, step);
		at += step;
	}
	strcpy(text + at, tail);
	return text;
}

#define MIB ((size_t)1 << 20)

static void refuse(char *text, const char *why)
{
	struct err err = {0};
	struct scenario *s = scenario_parse(text, strlen(text), "text", &err);

	scenario_free(s);
	free(text);
	assert_null(s);
	if (!strstr(err.text, why))
		fail_msg("expected '%s' in: %s", why, err.text);
}

static void depth_and_length_end_in_an_error(void **state)
{
	(void)state;
	refuse(repeated("claim: ", "[", "", MIB), "text:1:39: nested deeper");
	refuse(repeated("claim: ", "{a: ", "", MIB), "nested deeper");
	refuse(repeated("claim:\n", "- ", "", MIB), "text:2:63: nested deeper");
	refuse(repeated("claim: a\nsteps:\n", "- client: {connect: 1}\n", "", 200000),
	        "expected at most 1000");
	refuse(repeated("claim: a\ntags: [", "a,", "a]", 4000), "expected at most 64");
	refuse(repeated("claim: a\n", "\n", "", MIB + 1), "larger than a scenario may be");
}

/* 1000 steps that are one step of 256 expectations: a small text, and a quarter million nodes. */
static void aliases_do_not_multiply_without_end(void **state)
{
	char *text = malloc(MIB);
	size_t n;

	(void)state;
	assert_non_null(text);
	n = (size_t)sprintf(text, "claim: a\nsteps:\n- &s\n  expect:\n    wire:\n");
	for (int i = 0; i < 250; i++)
		n += (size_t)sprintf(text + n, "      \"%*s\": 1\n", i + 3, "fin");
	for (int i = 0; i < 990; i++)
		n += (size_t)sprintf(text + n, "- *s\n");
	refuse(text, "too much for one scenario");
}

static void aliases_of_lists(void **state)
{
	char *text = malloc(MIB);
	size_t n;

	(void)state;
	assert_non_null(text);
	n = (size_t)sprintf(text, "claim: a\nsteps:\n- expect: {client: {path: &p [");
	for (int i = 0; i < 60; i++)
		n += (size_t)sprintf(text + n, "%s{TIME_WAIT: 60s}", i ? ", " : "");
	n += (size_t)sprintf(
	        text + n, "]}}\n- &s {expect: {client: {path: *p}, server: {path: *p}}}\n");
	for (int i = 0; i < 990; i++)
		n += (size_t)sprintf(text + n, "- *s\n");
	refuse(text, "too much for one scenario");
}

static void words_that_mean_nothing(void **state)
{
	char *args[] = {"closes"}, *gone[] = {"./no-such.yaml"};
	struct scenario **list;
	struct err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(catalogue_find(args, 1, &list, &n, &err), -1);
	assert_string_equal(err.text,
	        "'closes' is no file, and no name or tag of a scenario, did you mean 'close'?");
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(catalogue_find(gone, 1, &list, &n, &err), -1);
	assert_string_equal(err.text, "./no-such.yaml: cannot be read: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_bad_file_has_its_error),
	        cmocka_unit_test(what_is_no_file),
	        cmocka_unit_test(a_large_file_is_refused_unread),
	        cmocka_unit_test(depth_and_length_end_in_an_error),
	        cmocka_unit_test(aliases_do_not_multiply_without_end),
	        cmocka_unit_test(aliases_of_lists),
	        cmocka_unit_test(words_that_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
