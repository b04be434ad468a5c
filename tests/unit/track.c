/* SPDX-License-Identifier: BSD-2-Clause */
/* One order of transitions out of a stream and looks, which each miss some. */
#include "run/track.h"
#include "core/array.h"
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MS NS_PER_MS

static struct world {
	struct track *t;
	ARRAY(struct event) events;
	unsigned doubts;
	const struct sock_row *present; /* what a second search finds, NULL nothing */
	uint64_t now_ns;
} w;

static void on_emit(void *arg, struct event *e)
{
	(void)arg;
	array_push(&w.events, *e);
}

static void on_doubt(void *arg)
{
	(void)arg;
	w.doubts++;
}

static void begin(int stream)
{
	const struct track_config config = {.emit = on_emit, .doubt = on_doubt};

	memset(&w, 0, sizeof w);
	w.now_ns = 1000 * MS;
	w.t = track_new(&config);
	if (stream)
		track_stream_begins(w.t);
}

static void end(void)
{
	track_free(w.t);
	array_free(&w.events);
}

static struct tuple tuple(uint16_t port)
{
	struct tuple t = {.local = {.family = AF_INET, .port = port, .addr = {198, 18, 0, 1}},
	        .remote = {.family = AF_INET, .port = 5000, .addr = {198, 19, 0, 1}}};

	return t;
}

static void told(uint64_t cookie, uint16_t port, enum tcp_state from, enum tcp_state to)
{
	struct event e = {.t_ns = w.now_ns += MS,
	        .kind = EV_STATE,
	        .source = SRC_BPF,
	        .host = HOST_CLIENT,
	        .cookie = cookie,
	        .tuple = tuple(port)};

	e.state.from = from;
	e.state.to = to;
	e.state.since_ns = w.now_ns;
	track_told(w.t, &e);
}

static struct sock_row row(uint64_t cookie, uint16_t port, enum tcp_state state)
{
	return (struct sock_row){.tuple = tuple(port), .cookie = cookie, .state = state};
}

static void missed(void *arg, const struct tuple *t)
{
	const struct sock_row *found =
	        w.present && tuple_equal(&w.present->tuple, t) ? w.present : NULL;

	(void)arg;
	track_saw(w.t, HOST_CLIENT, found, t, SRC_SOCK_DIAG, w.now_ns, w.now_ns);
}

/* A dump, 5 ms later, that shows these. */
static void dump(const struct sock_row *rows, size_t n)
{
	w.now_ns += 5 * MS;
	track_dump_begin(w.t, w.now_ns);
	for (size_t i = 0; i < n; i++)
		track_saw(w.t, HOST_CLIENT, &rows[i], NULL, SRC_SOCK_DIAG, w.now_ns, w.now_ns);
	track_dump_end(w.t, HOST_CLIENT, missed, NULL);
}

/* Where a socket is by all that was emitted. */
static enum tcp_state state_of(uint64_t cookie)
{
	enum tcp_state state = ST_NONE;

	array_each (const struct event, e, &w.events)
		if (e->kind == EV_STATE && e->cookie == cookie)
			state = e->state.to;
	return state;
}

static size_t transitions(void)
{
	size_t n = 0;

	array_each (const struct event, e, &w.events)
		n += e->kind == EV_STATE;
	return n;
}

/* connect() was interrupted between SYN_SENT and the choice of a port. */
static void port_comes_late(void **state)
{
	const struct sock_row there[] = {
	        row(1, 40000, ST_TIME_WAIT), row(2, 40001, ST_ESTABLISHED)};

	(void)state;
	begin(1);
	told(1, 0, ST_NONE, ST_SYN_SENT);
	told(2, 0, ST_NONE, ST_SYN_SENT); /* with the same four-tuple, as far as it is known */
	told(1, 40000, ST_SYN_SENT, ST_ESTABLISHED);
	told(1, 40000, ST_ESTABLISHED, ST_FIN_WAIT_1);
	told(1, 40000, ST_FIN_WAIT_1, ST_TIME_WAIT);
	told(2, 40001, ST_SYN_SENT, ST_ESTABLISHED);
	for (int i = 0; i < 4; i++)
		dump(there, 2);
	assert_int_equal(state_of(1), ST_TIME_WAIT);
	assert_int_equal(state_of(2), ST_ESTABLISHED);
	assert_int_equal(transitions(), 6);
	assert_int_equal(w.doubts, 0);
	end();
}

static void no_port_at_all(void **state)
{
	(void)state;
	begin(1);
	told(1, 0, ST_NONE, ST_SYN_SENT);
	dump(NULL, 0);
	told(1, 0, ST_SYN_SENT, ST_CLOSE);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_CLOSE);
	assert_int_equal(transitions(), 2);
	end();
}

static void looks_alone(void **state)
{
	const struct sock_row open = row(1, 40000, ST_ESTABLISHED);
	const struct sock_row waits = row(1, 40000, ST_TIME_WAIT);

	(void)state;
	begin(0);
	dump(&open, 1);
	assert_int_equal(state_of(1), ST_ESTABLISHED);
	dump(&waits, 1); /* by way of what there is only one way through */
	assert_int_equal(state_of(1), ST_TIME_WAIT);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_CLOSE);
	end();
}

/* The stream comes a moment later than what looks see: it is given that moment. */
static void stream_is_late(void **state)
{
	struct sock_row r = row(1, 40000, ST_ESTABLISHED);

	(void)state;
	begin(1);
	told(1, 40000, ST_SYN_SENT, ST_ESTABLISHED);
	r.state = ST_CLOSE_WAIT;
	dump(&r, 1);
	assert_int_equal(state_of(1), ST_ESTABLISHED);
	assert_int_equal(w.doubts, 1);
	told(1, 40000, ST_ESTABLISHED, ST_CLOSE_WAIT);
	dump(&r, 1);
	assert_int_equal(transitions(), 2);
	end();
}

static void stream_has_a_gap(void **state)
{
	struct sock_row r = row(1, 40000, ST_CLOSE_WAIT);

	(void)state;
	begin(1);
	told(1, 40000, ST_SYN_SENT, ST_ESTABLISHED);
	dump(&r, 1);
	dump(&r, 1);
	assert_int_equal(state_of(1), ST_CLOSE_WAIT);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_CLOSE_WAIT);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_CLOSE);
	end();
}

/* A minisocket took over behind the back of the dump: the search finds it. */
static void dump_misses_one(void **state)
{
	const struct sock_row there = row(1, 40000, ST_TIME_WAIT);

	(void)state;
	begin(1);
	told(1, 40000, ST_FIN_WAIT_2, ST_TIME_WAIT);
	w.present = &there;
	dump(NULL, 0);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_TIME_WAIT);
	w.present = NULL;
	dump(NULL, 0);
	dump(NULL, 0);
	assert_int_equal(state_of(1), ST_CLOSE);
	end();
}

/* Two transitions are missing, with one way between. */
static void stream_has_a_long_gap(void **state)
{
	(void)state;
	begin(1);
	told(1, 40000, ST_NONE, ST_SYN_SENT);
	told(1, 40000, ST_CLOSE_WAIT, ST_LAST_ACK);
	assert_int_equal(transitions(), 4);
	assert_int_equal(w.events.v[1].state.to, ST_ESTABLISHED);
	assert_int_equal(w.events.v[2].state.to, ST_CLOSE_WAIT);
	assert_true(w.events.v[1].state.inferred && w.events.v[2].state.inferred);
	end();
}

static void an_end_is_told_late(void **state)
{
	(void)state;
	begin(1);
	told(1, 40000, ST_FIN_WAIT_2, ST_TIME_WAIT);
	told(2, 40000, ST_NONE, ST_SYN_SENT);
	told(1, 40000, ST_TIME_WAIT, ST_CLOSE);
	assert_int_equal(state_of(2), ST_SYN_SENT);
	end();
}

/* A dump takes a while: a transition may lie within it, before or after the row was read. */
static void a_dump_takes_time(void **state)
{
	const struct sock_row before = row(1, 40000, ST_ESTABLISHED),
	                      after = row(1, 40000, ST_CLOSE_WAIT);
	const struct event *e;

	(void)state;
	begin(0);
	track_dump_begin(w.t, 1000 * MS);
	track_saw(w.t, HOST_CLIENT, &before, NULL, SRC_SOCK_DIAG, 1000 * MS, 1100 * MS);
	track_dump_end(w.t, HOST_CLIENT, missed, NULL);
	track_dump_begin(w.t, 1200 * MS);
	track_saw(w.t, HOST_CLIENT, &after, NULL, SRC_SOCK_DIAG, 1200 * MS, 1300 * MS);
	e = &w.events.v[w.events.n - 2]; /* the details come last */
	assert_int_equal(e->kind, EV_STATE);
	assert_int_equal(e->state.since_ns, 1000 * MS);
	assert_int_equal(e->t_ns, 1300 * MS);
	e = &w.events.v[w.events.n - 1]; /* what was told during the dump is younger */
	assert_int_equal(e->kind, EV_SOCKET);
	assert_int_equal(e->t_ns, 1200 * MS);
	end();
}

static void tuple_is_taken_again(void **state)
{
	(void)state;
	begin(1);
	told(1, 40000, ST_FIN_WAIT_2, ST_TIME_WAIT);
	told(2, 40000, ST_NONE, ST_SYN_SENT);
	assert_int_equal(state_of(1), ST_CLOSE);
	assert_int_equal(state_of(2), ST_SYN_SENT);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(port_comes_late),
	        cmocka_unit_test(no_port_at_all),
	        cmocka_unit_test(looks_alone),
	        cmocka_unit_test(stream_is_late),
	        cmocka_unit_test(stream_has_a_gap),
	        cmocka_unit_test(dump_misses_one),
	        cmocka_unit_test(stream_has_a_long_gap),
	        cmocka_unit_test(an_end_is_told_late),
	        cmocka_unit_test(a_dump_takes_time),
	        cmocka_unit_test(tuple_is_taken_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
