/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer of long lists: what it writes quickly is what others write slowly. */
#include "cmd/out.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What is in it by now, as a string; empties it. */
static const char *text(struct out *o)
{
	static char copy[4096];

	assert_true(o->n < sizeof copy);
	if (o->n)
		memcpy(copy, o->v, o->n);
	copy[o->n] = '\0';
	o->n = 0;
	return copy;
}

static void numbers(void **state)
{
	static const uint64_t n[] = {0, 9, 10, 255, 4294967295u, 4294967296u, UINT64_MAX};
	struct out o = {0};
	char want[32];

	(void)state;
	for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
		snprintf(want, sizeof want, "%llu", (unsigned long long)n[i]);
		out_u64(&o, n[i]);
		assert_string_equal(text(&o), want);
		snprintf(want, sizeof want, "%12llu", (unsigned long long)n[i]);
		out_u64_right(&o, n[i], 12);
		assert_string_equal(text(&o), want);
	}
	free(o.v);
}

static void check_endpoint(struct out *o, const struct endpoint *e)
{
	char want[ENDPOINT_TEXT];

	out_endpoint(o, e);
	assert_string_equal(text(o), endpoint_format(e, want, sizeof want));
}

static void endpoints(void **state)
{
	struct endpoint e = {.family = AF_INET, .port = 65535};
	struct out o = {0};

	(void)state;
	for (unsigned i = 0; i < 65536; i += 7) {
		e.addr[0] = (uint8_t)(i >> 8);
		e.addr[1] = (uint8_t)i;
		e.addr[3] = (uint8_t)(i ^ 0x5a);
		check_endpoint(&o, &e);
	}
	e.family = AF_INET6;
	for (unsigned i = 0; i < 4096; i++) { /* more than are remembered, and twice */
		for (size_t k = 0; k < 16; k++)
			e.addr[k] = (uint8_t)((i % 2048) * (k + 3) >> k % 3);
		check_endpoint(&o, &e);
	}
	e.port = 0;
	memset(e.addr, 0, sizeof e.addr);
	out_endpoint(&o, &e);
	assert_string_equal(text(&o), "[::]:*");
	free(o.v);
}

static void times(void **state)
{
	static const struct {
		uint32_t ms;
		const char *want;
	} cases[] = {
	        {0, "0 ms"},
	        {999, "999 ms"},
	        {1000, "1.0 s"},
	        {9999, "9.9 s"},
	        {10000, "10 s"},
	        {59999, "59 s"},
	        {60000, "1 min"},
	        {200500, "3 min 20 s"},
	        {3600000, "1 h"},
	        {7 * 3600000 + 5 * 60000, "7 h 5 min"},
	        {86400000, "1 d"},
	        {UINT32_MAX, "49 d 17 h"},
	};
	struct out o = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		out_ms(&o, cases[i].ms);
		assert_string_equal(text(&o), cases[i].want);
	}
	free(o.v);
}

static void padding(void **state)
{
	struct out o = {0};

	(void)state;
	out_str(&o, "ab");
	out_pad(&o, 0, 5);
	assert_string_equal(text(&o), "ab   ");
	out_str(&o, "abcdef");
	out_pad(&o, 0, 5); /* too long: a space all the same */
	assert_string_equal(text(&o), "abcdef ");
	free(o.v);
}

/* Whatever bytes a program has for a name, a reader of JSON takes them. */
static void any_bytes_are_json(void **state)
{
	struct out o = {0};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		char name[17];
		size_t n = (size_t)rand_r(&seed) % sizeof name;
		json_t *read;
		json_error_t error;

		for (size_t i = 0; i < n; i++)
			name[i] = (char)(1 + rand_r(&seed) % 255);
		name[n] = '\0';
		out_json(&o, name);
		read = json_loadb(o.v, o.n, JSON_DECODE_ANY, &error);
		if (!read)
			fail_msg("%s: %s", error.text, text(&o));
		json_decref(read);
		o.n = 0;
	}
	out_json(&o, "a\"b\\c\x1b\xc3\xa9\xff");
	assert_string_equal(text(&o), "\"a\\\"b\\\\c\\u001b\xc3\xa9\\ufffd\"");
	free(o.v);
}

/* Standard output goes to `fd`, which is closed; what it was before is returned. */
static int redirect(int fd)
{
	int before = dup(STDOUT_FILENO);

	assert_true(before >= 0 && fd >= 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	return before;
}

static void a_full_device_is_told(void **state)
{
	struct out o = {0};
	int before = redirect(open("/dev/full", O_WRONLY)), ret, error;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		out_str(&o, "a line");
		out_line(&o);
	}
	ret = out_end(&o);
	error = errno;
	close(redirect(before));
	assert_int_equal(ret, -1);
	assert_int_equal(error, ENOSPC);
}

/* Lines of different lengths, some of which take longer to make. */
static void nth_line(struct out *o, size_t i, const void *arg)
{
	const size_t *n = arg;

	for (size_t k = 0; k < i % 7 * (i > *n / 2 ? 20 : 1); k++)
		out_char(o, '.');
	out_u64(o, i);
	out_line(o);
}

static void many_lines_keep_their_order(void **state)
{
	static const size_t counts[] = {0, 1, 511, 512, 513, 8191, 8192, 8193, 100000};

	(void)state;
	for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
		FILE *file = tmpfile();
		size_t n = counts[k], seen = 0;
		struct out o = {0};
		char line[256];
		int before, ret;

		assert_non_null(file);
		before = redirect(dup(fileno(file)));
		out_str(&o, "before\n");
		out_many(&o, n, nth_line, &n);
		out_str(&o, "after\n");
		ret = out_end(&o);
		close(redirect(before));
		assert_int_equal(ret, 0);
		rewind(file);
		assert_string_equal(fgets(line, sizeof line, file), "before\n");
		while (fgets(line, sizeof line, file) && strcmp(line, "after\n"))
			assert_int_equal(strtoul(line + strspn(line, "."), NULL, 10), seen++);
		assert_string_equal(line, "after\n");
		assert_null(fgets(line, sizeof line, file));
		assert_int_equal(seen, n);
		fclose(file);
	}
}

static void many_lines_to_a_full_device(void **state)
{
	struct out o = {0};
	int before = redirect(open("/dev/full", O_WRONLY)), ret, error;
	size_t n = 100000;

	(void)state;
	out_many(&o, n, nth_line, &n);
	ret = out_end(&o);
	error = errno;
	close(redirect(before));
	assert_int_equal(ret, -1);
	assert_int_equal(error, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers),
	        cmocka_unit_test(endpoints),
	        cmocka_unit_test(times),
	        cmocka_unit_test(padding),
	        cmocka_unit_test(any_bytes_are_json),
	        cmocka_unit_test(a_full_device_is_told),
	        cmocka_unit_test(many_lines_keep_their_order),
	        cmocka_unit_test(many_lines_to_a_full_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
