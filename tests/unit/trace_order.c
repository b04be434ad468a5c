/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a trace come in the order of their times, however late they are told. */
#include "cmd/trace_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(struct trace_order *o, uint64_t until)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	trace_order_write(o, until, f);
	fclose(f);
	return text;
}

static void expect(struct trace_order *o, uint64_t until, const char *wanted)
{
	char *text = written(o, until);

	assert_string_equal(text, wanted);
	free(text);
}

static void in_the_order_of_their_times(void **state)
{
	struct trace_order *o = trace_order_new();

	(void)state;
	expect(o, UINT64_MAX, "");
	trace_order_put(o, 30, strdup("c\n"));
	trace_order_put(o, 10, strdup("a\n"));
	trace_order_put(o, 20, strdup("b1\n"));
	trace_order_put(o, 20, strdup("b2\n"));
	expect(o, 20, "a\n");
	expect(o, 20, "");
	trace_order_put(o, 25, strdup("b3\n"));
	expect(o, UINT64_MAX, "b1\nb2\nb3\nc\n");
	trace_order_put(o, 40, strdup("lost\n"));
	trace_order_free(o);
	trace_order_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_the_order_of_their_times)};

	return cmocka_run_group_tests_name("trace_order", tests, NULL, NULL);
}
