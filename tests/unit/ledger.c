/* SPDX-License-Identifier: BSD-2-Clause */
/* The ledger: sockets from transitions and dumps that overlap, connections from both peers. */
#include "story.h"

#define E ST_ESTABLISHED

static const char *const yaml = HEAD "steps:\n- expect: {client: {LISTEN: 0}}\n";

static struct ledger *l;
static struct scenario *s;
static struct timeline_head head = {.origin_ns = ORIGIN, .hz = 250, .family = 4};
static size_t fed;

static int set_up(void **state)
{
	struct err err;

	(void)state;
	s = scenario_parse(yaml, strlen(yaml), "test.yaml", &err);
	l = ledger_new(s, &head);
	fed = 0;
	return !s;
}

static int tear_down(void **state)
{
	(void)state;
	ledger_free(l);
	scenario_free(s);
	return 0;
}

static void feed(struct event e)
{
	ledger_feed(l, &e, fed++);
}

static void went(enum source source, double since, double ms, enum tcp_state to)
{
	struct event e = about(ms, EV_STATE, source, HOST_CLIENT, 1);

	e.state.to = to;
	e.state.since_ns = at_ms(since);
	feed(e);
}

static void dumped(double ms, enum tcp_state state)
{
	struct event e = about(ms, EV_SOCKET, SRC_SOCK_DIAG, HOST_CLIENT, 1);

	e.socket.state = state;
	feed(e);
}

static const struct stay *stay(size_t i)
{
	assert_true(i < l->sockets->path.n);
	return &l->sockets->path.v[i];
}

static unsigned population(enum tcp_state state)
{
	return l->hosts[HOST_CLIENT].population[state];
}

static void two_sources_narrow(void **state)
{
	(void)state;
	went(SRC_SOCK_DIAG, 10, 20, E);
	went(SRC_WIRE, 5, 15, E);
	assert_int_equal(l->sockets->path.n, 1);
	assert_int_equal(stay(0)->since_ns, at_ms(10));
	assert_int_equal(stay(0)->t_ns, at_ms(15));
	assert_int_equal(population(E), 1);
	/* The same state again, and later: a TIME_WAIT that was started anew still began then. */
	went(SRC_BPF, 30, 30, E);
	assert_int_equal(l->sockets->path.n, 1);
	assert_int_equal(stay(0)->t_ns, at_ms(15));
}

static void a_dump_first_then_the_story(void **state)
{
	(void)state;
	dumped(10, ST_FIN_WAIT_2);
	assert_int_equal(population(ST_FIN_WAIT_2), 1);
	went(SRC_BPF, 7, 7, E);
	went(SRC_BPF, 8, 8, ST_FIN_WAIT_1);
	went(SRC_BPF, 9, 9, ST_FIN_WAIT_2);
	assert_int_equal(l->sockets->path.n, 3);
	assert_int_equal(stay(0)->state, E);
	assert_int_equal(stay(2)->t_ns, at_ms(9));
	assert_int_equal(population(ST_FIN_WAIT_2), 1);
	assert_int_equal(population(ST_FIN_WAIT_1), 0);
	assert_int_equal(population(E), 0);
}

/* The dump began before the socket was there, and shows how far it has come meanwhile. */
static void a_dump_that_began_before_the_story(void **state)
{
	(void)state;
	dumped(10, ST_CLOSE_WAIT);
	went(SRC_BPF, 11, 11, E); /* from nothing */
	went(SRC_BPF, 12, 12, ST_CLOSE_WAIT);
	assert_int_equal(l->sockets->path.n, 2);
	assert_int_equal(stay(0)->state, E);
	assert_int_equal(population(E), 0);
	assert_int_equal(population(ST_CLOSE_WAIT), 1);
}

static void a_late_dump_changes_no_state(void **state)
{
	(void)state;
	went(SRC_BPF, 1, 1, E);
	went(SRC_BPF, 2, 2, ST_CLOSE_WAIT);
	dumped(3, E);
	assert_int_equal(population(ST_CLOSE_WAIT), 1);
	assert_int_equal(population(E), 0);
	assert_int_equal(l->sockets->details.state, E);
}

static void sampled(double ms)
{
	feed(plain(ms, EV_SAMPLE, SRC_SOCK_DIAG, HOST_CLIENT));
}

static void a_gap_is_noticed_in_time(void **state)
{
	(void)state;
	went(SRC_BPF, 1, 1, ST_FIN_WAIT_1);
	dumped(10, ST_TIME_WAIT);
	sampled(11);
	sampled(200);
	assert_int_equal(population(ST_FIN_WAIT_1), 1); /* the stream may still be late */
	sampled(250);
	assert_int_equal(population(ST_FIN_WAIT_1), 0);
	assert_int_equal(population(ST_TIME_WAIT), 1);
	assert_int_equal(l->hosts[HOST_CLIENT].gaps, 1);
}

static void a_late_stream_is_no_gap(void **state)
{
	(void)state;
	went(SRC_BPF, 1, 1, ST_FIN_WAIT_1);
	dumped(10, ST_FIN_WAIT_2);
	sampled(11);
	went(SRC_BPF, 9, 9, ST_FIN_WAIT_2);
	sampled(300);
	went(SRC_BPF, 310, 310, ST_TIME_WAIT); /* the dump is older, and contradicts nothing */
	sampled(700);
	sampled(1000);
	assert_int_equal(population(ST_TIME_WAIT), 1);
	assert_int_equal(l->hosts[HOST_CLIENT].gaps, 0);
}

static void the_gone_are_counted_as_closed(void **state)
{
	(void)state;
	went(SRC_BPF, 1, 1, E);
	went(SRC_BPF, 2, 2, ST_CLOSE);
	assert_int_equal(population(ST_CLOSE), 1);
	went(SRC_BPF, 2, 2, ST_TIME_WAIT); /* no: a minisocket took over */
	assert_int_equal(population(ST_CLOSE), 0);
	assert_int_equal(population(ST_TIME_WAIT), 1);
	assert_int_equal(l->sockets->path.n, 2);
}

static void told(int host, unsigned id, unsigned n, enum peer_verb verb)
{
	struct event e = about(1, EV_PEER, SRC_PEER, host, n);

	e.peer.verb = verb;
	e.peer.connection = id;
	feed(e);
}

static void other_ends_meet_by_four_tuple(void **state)
{
	const struct ledger_connection *c;

	(void)state;
	told(HOST_CLIENT, 1, 1, PEER_CONNECTED);
	told(HOST_CLIENT, 2, 2, PEER_CONNECTED);
	c = l->connections;
	assert_null(ledger_other_end(l, c));
	told(HOST_SERVER, 7, 1, PEER_ACCEPTED);
	assert_non_null(ledger_other_end(l, c));
	assert_int_equal(ledger_other_end(l, c)->key.id, 7);
	assert_ptr_equal(ledger_other_end(l, ledger_other_end(l, c)), c);
	/* The four-tuple is used again: the newest connection has it. */
	told(HOST_SERVER, 8, 1, PEER_ACCEPTED);
	assert_int_equal(ledger_other_end(l, c)->key.id, 8);
}

static void a_new_life_counts_from_one(void **state)
{
	struct event e = plain(2, EV_PEER, SRC_PEER, HOST_CLIENT);

	(void)state;
	told(HOST_CLIENT, 1, 1, PEER_CONNECTED);
	e.peer.verb = PEER_EXITED;
	feed(e);
	told(HOST_CLIENT, 1, 2, PEER_CONNECTED);
	assert_int_equal(HASH_COUNT(l->connections), 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(two_sources_narrow),
	        CASE(a_dump_first_then_the_story),
	        CASE(a_dump_that_began_before_the_story),
	        CASE(a_late_dump_changes_no_state),
	        CASE(a_gap_is_noticed_in_time),
	        CASE(a_late_stream_is_no_gap),
	        CASE(the_gone_are_counted_as_closed),
	        CASE(other_ends_meet_by_four_tuple),
	        CASE(a_new_life_counts_from_one),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
