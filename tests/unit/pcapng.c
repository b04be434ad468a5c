/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocks of a capture, read back. tests/lab/wire.sh has tshark read one. */
#include "netns/pcapng.h"

#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct file {
	char *bytes;
	size_t size, at;
	FILE *out;
};

static struct pcapng *file_start(struct file *f)
{
	static const char *const names[] = {"client", "server"};

	memset(f, 0, sizeof *f);
	f->out = open_memstream(&f->bytes, &f->size);
	assert_non_null(f->out);
	return pcapng_new(f->out, names, 2);
}

static uint32_t word(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* The next block: its type, its body and the size of that. */
static uint32_t next_block(struct file *f, const char **ret_body, uint32_t *ret_size)
{
	const char *p = f->bytes + f->at;
	uint32_t total;

	assert_true(f->at + 12 <= f->size);
	total = word(p + 4);
	assert_int_equal(total % 4, 0);
	assert_true(f->at + total <= f->size);
	assert_int_equal(word(p + total - 4), total);
	f->at += total;
	*ret_body = p + 8;
	*ret_size = total - 12;
	return word(p);
}

static void head_names_two_interfaces(void **state)
{
	struct file f;
	const char *body;
	uint32_t size;

	(void)state;
	pcapng_free(file_start(&f));
	assert_int_equal(next_block(&f, &body, &size), 0x0a0d0d0a);
	assert_int_equal(word(body), 0x1a2b3c4d);
	assert_int_equal(next_block(&f, &body, &size), 1);
	assert_int_equal(word(body), 101);
	assert_memory_equal(body + 8, "\2\0\6\0client\0\0\11\0\1\0\11\0\0\0\0\0\0\0", 24);
	assert_int_equal(next_block(&f, &body, &size), 1);
	assert_memory_equal(body + 12, "server", 6);
	assert_int_equal(f.at, f.size);
	fclose(f.out);
	free(f.bytes);
}

static void packet_has_time_of_day_and_comment(void **state)
{
	uint64_t now = clock_now_ns(), t;
	struct file f;
	struct pcapng *p = file_start(&f);
	const char *body;
	uint32_t size;

	(void)state;
	pcapng_packet(p, 1, PCAPNG_OUTBOUND, now, "12345", 5, "why");
	pcapng_free(p);
	for (int i = 0; i < 3; i++)
		next_block(&f, &body, &size);
	assert_int_equal(next_block(&f, &body, &size), 6);
	assert_int_equal(word(body), 1);
	t = ((uint64_t)word(body + 4) << 32 | word(body + 8)) / NS_PER_S;
	assert_in_range(t, time(NULL) - 2, time(NULL) + 1);
	assert_int_equal(word(body + 12), 5);
	assert_int_equal(word(body + 16), 5);
	assert_memory_equal(body + 20, "12345\0\0\0", 8);
	assert_memory_equal(body + 28, "\1\0\3\0why\0\2\0\4\0\2\0\0\0\0\0\0\0", 20);
	assert_int_equal(size, 48);
	assert_int_equal(f.at, f.size);
	fclose(f.out);
	free(f.bytes);
}

static void each_address_is_named_once(void **state)
{
	struct endpoint a, b;
	struct file f;
	struct pcapng *p = file_start(&f);
	const char *body;
	uint32_t size;

	(void)state;
	assert_int_equal(endpoint_parse("198.18.0.1:4000", &a), 0);
	assert_int_equal(endpoint_parse("[2001:2::1]:5000", &b), 0);
	pcapng_name(p, &a, "client");
	a.port = 1;
	pcapng_name(p, &a, "client");
	pcapng_name(p, &b, "server");
	pcapng_free(p);
	for (int i = 0; i < 3; i++)
		next_block(&f, &body, &size);
	assert_int_equal(next_block(&f, &body, &size), 4);
	assert_memory_equal(body, "\1\0\13\0\306\022\0\1client\0\0\0\0\0\0", 20);
	assert_int_equal(next_block(&f, &body, &size), 4);
	assert_memory_equal(body, "\2\0\27\0\40\1\0\2", 8);
	assert_memory_equal(body + 20, "server\0\0", 8);
	assert_int_equal(f.at, f.size);
	fclose(f.out);
	free(f.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(head_names_two_interfaces),
	        cmocka_unit_test(packet_has_time_of_day_and_comment),
	        cmocka_unit_test(each_address_is_named_once),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
