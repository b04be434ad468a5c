/* SPDX-License-Identifier: BSD-2-Clause */
/* Timelines as JSON lines: what is written is read back the same, and nothing else is taken. */
#include "model/timeline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN 5000000000ull

static const struct timeline_head head = {
        .origin_ns = ORIGIN,
        .hz = 250,
        .family = 6,
        .seed = UINT64_MAX,
        .scenario = "close/\"in order\"",
        .kernel = "6.18",
        .link = "wire",
        .congestion = "reno",
        .observers = 1u << SRC_RUNNER | 1u << SRC_WIRE,
        .set = {"server:net.ipv4.tcp_fin_timeout=5", "client:net.ipv4.tcp_rmem=1 2 3"},
        .n_set = 2,
        .options = " --link wire",
};

static int read_text(const char *text, struct timeline *ret, struct err *err)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int r = timeline_read(f, "t.ndjson", ret, err);

	fclose(f);
	return r;
}

/* Through the file and back; the text of it in *ret_text. */
static struct event there_and_back(const struct event *e, char **ret_text)
{
	struct timeline t;
	struct err err = {0};
	struct event got;
	size_t size;
	FILE *f = open_memstream(ret_text, &size);

	assert_int_equal(timeline_write_head(f, &head), 0);
	assert_int_equal(timeline_write_event(f, &head, e), 0);
	fclose(f);
	if (read_text(*ret_text, &t, &err))
		fail_msg("%s\n%s", err.text, *ret_text);
	assert_int_equal(t.events.n, 1);
	assert_memory_equal(&t.head.origin_ns, &head.origin_ns, sizeof head.origin_ns);
	assert_int_equal(t.head.seed, head.seed);
	assert_string_equal(t.head.scenario, head.scenario);
	assert_int_equal(t.head.observers, head.observers);
	assert_int_equal(t.head.family, 6);
	assert_int_equal(t.head.n_set, 2);
	assert_string_equal(timeline_set_value(&t.head, HOST_CLIENT, "net.ipv4.tcp_rmem"), "1 2 3");
	assert_null(timeline_set_value(&t.head, HOST_SERVER, "net.ipv4.tcp_rmem"));
	assert_string_equal(t.head.options, head.options);
	got = t.events.v[0];
	timeline_free(&t);
	return got;
}

/* Written again, what was read must give the same text: nothing is lost on the way. */
static void same(struct event e)
{
	char *first, *second;
	struct event back = there_and_back(&e, &first);

	there_and_back(&back, &second);
	assert_string_equal(first, second);
	assert_int_equal(back.t_ns, e.t_ns);
	assert_int_equal(back.kind, e.kind);
	assert_int_equal(back.host, e.host);
	free(first);
	free(second);
}

static struct event blank(enum event_kind kind)
{
	struct event e;

	memset(&e, 0, sizeof e);
	e.kind = kind;
	e.t_ns = ORIGIN + 7;
	e.host = HOST_SERVER;
	return e;
}

static void every_kind(void **state)
{
	(void)state;
	for (int k = 0; k < EV_COUNT; k++)
		same(blank((enum event_kind)k));
}

static void every_field(void **state)
{
	struct event e = blank(EV_STATE), back;
	char *text;

	(void)state;
	e.cookie = 77;
	endpoint_parse("[2001:2:0:1::1]:40000", &e.tuple.local);
	endpoint_parse("[2001:2:0:2::1]:5000", &e.tuple.remote);
	e.state = (struct ev_state){ST_FIN_WAIT_2, ST_TIME_WAIT, ORIGIN - 3, 1, 12, 13, "nginx", 1};
	back = there_and_back(&e, &text);
	assert_int_equal(back.cookie, 77);
	assert_true(tuple_equal(&back.tuple, &e.tuple));
	assert_int_equal(back.state.from, ST_FIN_WAIT_2);
	assert_int_equal(back.state.to, ST_TIME_WAIT);
	assert_int_equal(back.state.since_ns, ORIGIN - 3);
	assert_int_equal(back.state.inferred, 1);
	assert_int_equal(back.state.pid, 12);
	assert_int_equal(back.state.tid, 13);
	assert_string_equal(back.state.command, "nginx");
	free(text);

	e = blank(EV_SEGMENT);
	e.segment = (struct ev_segment){.number = 1ull << 40,
	        .connection = 2,
	        .role = ROLE_LAST_ACK,
	        .ordinal = 3,
	        .again = 1,
	        .probe = 1,
	        .flags = SEG_ACK,
	        .seq = UINT32_MAX,
	        .ack = 5,
	        .length = 6,
	        .window = 7,
	        .fate = FATE_DROPPED,
	        .rule = 0,
	        .has_sent = 1,
	        .sent_ms = UINT32_MAX};
	back = there_and_back(&e, &text);
	assert_memory_equal(&back.segment, &e.segment, sizeof e.segment);
	free(text);

	e = blank(EV_PEER);
	e.peer = (struct ev_peer){PEER_FAILED, 9, 10, ECONNRESET, "read", 0, 0};
	back = there_and_back(&e, &text);
	assert_non_null(strstr(text, "\"ECONNRESET\""));
	assert_int_equal(back.peer.error, ECONNRESET);
	assert_string_equal(back.peer.call, "read");
	assert_int_equal(back.peer.bytes, 10);
	free(text);

	e = blank(EV_COUNTER);
	e.counter.value = -5;
	strcpy(e.counter.name, "Tcp.CurrEstab");
	back = there_and_back(&e, &text);
	assert_int_equal(back.counter.value, -5);
	free(text);
}

/* A text that was cut within a character is still a line that can be read. */
static void broken_utf8(void **state)
{
	struct event e = blank(EV_NOTE), back;
	char *text;

	(void)state;
	strcpy(e.text, "caf\xc3");
	back = there_and_back(&e, &text);
	assert_string_equal(back.text, "caf?");
	free(text);
}

#define HEAD_LINE                                                                                  \
	"{\"timeline\":1,\"origin_ns\":5000000000,\"hz\":250,\"family\":4,\"seed\":\"1\","         \
	"\"scenario\":\"s\",\"kernel\":\"k\",\"link\":\"veth\",\"congestion\":\"reno\","           \
	"\"observers\":[]}\n"
#define TICK(more) "{\"t\":1,\"kind\":\"tick\",\"source\":\"runner\",\"host\":\"lab\"" more "}\n"

static void refused(const char *text, const char *why)
{
	struct timeline t;
	struct err err = {0};

	assert_int_equal(read_text(text, &t, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, why);
}

static void refusals(void **state)
{
	(void)state;
	refused("\n", "t.ndjson:1: no JSON: '[' or '{' expected near end of file");
	refused("[]\n", "t.ndjson:1: expected an object");
	refused("{}\n", "t.ndjson:1: 'timeline' is missing");
	refused(HEAD_LINE TICK("") "{",
	        "t.ndjson:3: no JSON: string or '}' expected near end of file");
	refused(HEAD_LINE TICK(",\"more\":1"),
	        "t.ndjson:2: there is a member that does not belong here");
	refused(HEAD_LINE TICK(",\"cookie\":-1"),
	        "t.ndjson:2: 'cookie' is -1, expected 0 .. 9223372036854775807");
	refused(HEAD_LINE TICK(",\"local\":\"here\""), "t.ndjson:2: 'local' is not ADDRESS:PORT");
	refused(HEAD_LINE "{\"t\":1,\"kind\":\"tock\",\"source\":\"runner\",\"host\":\"lab\"}\n",
	        "t.ndjson:2: 'kind' is 'tock', which is none of its names");
	refused(HEAD_LINE
	        "{\"t\":\"1\",\"kind\":\"tick\",\"source\":\"runner\",\"host\":\"lab\"}\n",
	        "t.ndjson:2: 't' must be a whole number");
	refused(HEAD_LINE HEAD_LINE, "t.ndjson:2: 't' is missing");
}

static void nothing_at_all(void **state)
{
	struct timeline t;
	struct err err = {0};
	FILE *f = fopen("/dev/null", "r");

	(void)state;
	assert_int_equal(timeline_read(f, "t.ndjson", &t, &err), -1);
	assert_string_equal(err.text, "t.ndjson:1: empty: the header is missing");
	fclose(f);
}

static void no_room(void **state)
{
	struct event e = blank(EV_TICK);
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	setbuf(f, NULL);
	assert_int_equal(timeline_write_head(f, &head), -1);
	assert_int_equal(timeline_write_event(f, &head, &e), -1);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_kind),
	        cmocka_unit_test(every_field),
	        cmocka_unit_test(broken_utf8),
	        cmocka_unit_test(refusals),
	        cmocka_unit_test(nothing_at_all),
	        cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
