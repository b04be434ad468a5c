/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the control channel to events: each report, and what is not one. */
#include "observe/peerlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAMES "id=7 cookie=5 local=198.19.0.1:5000 remote=198.18.0.1:40000"

static struct event parse(const char *line)
{
	struct event e;
	struct err err = {0};

	if (peerlog_parse(line, &e, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	assert_int_equal(e.kind, EV_PEER);
	assert_int_equal(e.source, SRC_PEER);
	return e;
}

static void test_ready(void **state)
{
	struct event e = parse("81230045 ready");

	(void)state;
	assert_int_equal(e.t_ns, 81230045);
	assert_int_equal(e.peer.verb, PEER_READY);
	assert_int_equal(e.peer.connection, 0);
	assert_int_equal(e.tuple.local.family, 0);
}

static void test_listening(void **state)
{
	struct event e = parse("1 listening local=[2001:2:0:1::1]:5000 cookie=3");
	char text[ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(e.peer.verb, PEER_LISTENING);
	assert_int_equal(e.cookie, 3);
	assert_string_equal(
	        endpoint_format(&e.tuple.local, text, sizeof text), "[2001:2:0:1::1]:5000");
}

/* Every report about one connection carries its names. */
static void test_connection(void **state)
{
	static const struct {
		const char *line;
		enum peer_verb verb;
		uint64_t bytes;
	} cases[] = {
	        {"9 connected " NAMES, PEER_CONNECTED, 0},
	        {"9 accepted " NAMES, PEER_ACCEPTED, 0},
	        {"9 sent " NAMES " bytes=100", PEER_SENT, 100},
	        {"9 received bytes=5000000000 " NAMES, PEER_RECEIVED, 5000000000},
	        {"9 eof " NAMES, PEER_EOF, 0},
	        {"9 shut " NAMES, PEER_SHUT, 0},
	        {"9 closed " NAMES, PEER_CLOSED, 0},
	};
	char text[TUPLE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct event e = parse(cases[i].line);

		assert_int_equal(e.peer.verb, cases[i].verb);
		assert_int_equal(e.peer.connection, 7);
		assert_int_equal(e.peer.bytes, cases[i].bytes);
		assert_int_equal(e.cookie, 5);
		assert_string_equal(tuple_format(&e.tuple, text, sizeof text),
		        "198.19.0.1:5000 > 198.18.0.1:40000");
	}
}

static void test_failed(void **state)
{
	struct event e = parse("1 failed id=2 call=connect error=EADDRNOTAVAIL");

	(void)state;
	assert_int_equal(e.peer.verb, PEER_FAILED);
	assert_int_equal(e.peer.connection, 2);
	assert_string_equal(e.peer.call, "connect");
	assert_int_equal(e.peer.error, EADDRNOTAVAIL);
	e = parse("1 failed call=command error=EINVAL command=4");
	assert_int_equal(e.peer.error, EINVAL);
	assert_int_equal(e.peer.command, 4);
	e = parse("1 failed " NAMES " call=read error=ECONNRESET");
	assert_int_equal(e.peer.error, ECONNRESET);
	assert_int_equal(e.cookie, 5);
}

/* Whatever number the kernel gives, the peer's name for it leads back to it. */
static void test_every_errno(void **state)
{
	char line[128];
	int known = 0;

	(void)state;
	for (int i = 1; i < 200; i++) {
		if (!strerrorname_np(i))
			continue;
		snprintf(line, sizeof line, "1 failed call=read error=%s", strerrorname_np(i));
		assert_int_equal(parse(line).peer.error, i);
		known++;
	}
	assert_true(known > 120);
}

static void test_done(void **state)
{
	struct event e = parse("18446744073709551615 done command=3");

	(void)state;
	assert_int_equal(e.peer.verb, PEER_DONE);
	assert_int_equal(e.peer.command, 3);
	assert_true(e.t_ns == UINT64_MAX);
}

static void test_refused(void **state)
{
	static const char *const lines[] = {
	        "",
	        " ",
	        "ready",
	        "1",
	        "1 ",
	        "-1 ready",
	        "+1 ready",
	        "0x1 ready",
	        "1.5 ready",
	        "18446744073709551616 ready",
	        " 1 ready",
	        "1  ready",
	        "1 ready ",
	        "1\tready",
	        "1 Ready",
	        "1 exited status=0",
	        "1 ready id=1",
	        "1 listening",
	        "1 listening local=nowhere",
	        "1 listening local=1.2.3.4:65536",
	        "1 connected id=1",
	        "1 connected " NAMES " bytes=1",
	        "1 received " NAMES,
	        "1 received " NAMES " bytes=",
	        "1 received " NAMES " bytes=-1",
	        "1 received " NAMES " bytes=1 bytes=1",
	        "1 eof",
	        "1 eof id=0",
	        "1 eof id=4294967296",
	        "1 eof id=1 cookie=x",
	        "1 eof id=1 colour=red",
	        "1 eof id=1 alone",
	        "1 eof id=1 =1",
	        "1 failed call=connect",
	        "1 failed error=EINVAL",
	        "1 failed call= error=EINVAL",
	        "1 failed call=sixteen_and_more error=EINVAL",
	        "1 failed call=Read error=EINVAL",
	        "1 failed call=read error=22",
	        "1 failed call=read error=EWHAT",
	        "1 failed call=read error=",
	        "1 done",
	        "1 done command=",
	        "1 done command=1 id=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct event e = {.t_ns = 77};
		struct err err = {0};

		if (!peerlog_parse(lines[i], &e, &err))
			fail_msg("taken: '%s'", lines[i]);
		assert_int_equal(err.kind, ERR_LAB);
		assert_true(*err.text);
		assert_int_equal(e.t_ns, 77); /* what failed leaves nothing behind */
	}
}

static void test_too_long(void **state)
{
	char line[5000];
	struct event e;
	struct err err = {0};

	(void)state;
	memset(line, '1', sizeof line);
	line[sizeof line - 1] = 0;
	assert_int_equal(peerlog_parse(line, &e, &err), -1);
	assert_non_null(strstr(err.text, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ready),
	        cmocka_unit_test(test_listening),
	        cmocka_unit_test(test_connection),
	        cmocka_unit_test(test_failed),
	        cmocka_unit_test(test_every_errno),
	        cmocka_unit_test(test_done),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
