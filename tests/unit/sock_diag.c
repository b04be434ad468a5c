/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_diag and owners against real sockets on loopback. Needs no rights. */
#include "observe/sock_diag.h"
#include "core/array.h"
#include "observe/owners.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A connection over loopback; listener and both ends are open. */
struct pair {
	int listener, client, server;
	struct tuple view; /* the client's */
};

static int listen_on(int family, const struct sockaddr *sa, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, sa, n), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static struct endpoint name_of(int fd, int (*ask)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	struct endpoint e;

	assert_int_equal(ask(fd, (struct sockaddr *)&ss, &n), 0);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&ss, &e), 0);
	return e;
}

/* family 46: an AF_INET6 listener, an AF_INET client. */
static struct pair connected(int family)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	struct sockaddr_storage to;
	struct endpoint at;
	struct pair p;

	if (family == 6)
		sin6.sin6_addr = in6addr_loopback;
	if (family == 4)
		p.listener = listen_on(AF_INET, (struct sockaddr *)&sin, sizeof sin);
	else
		p.listener = listen_on(AF_INET6, (struct sockaddr *)&sin6, sizeof sin6);
	at = name_of(p.listener, getsockname);
	if (family == 46) {
		at.family = AF_INET;
		memset(at.addr, 0, sizeof at.addr);
		memcpy(at.addr, &sin.sin_addr, 4);
	}
	p.client = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
	        connect(p.client, (struct sockaddr *)&to, endpoint_to_sockaddr(&at, &to)), 0);
	p.server = accept(p.listener, NULL, NULL);
	assert_true(p.server >= 0);
	p.view.local = name_of(p.client, getsockname);
	p.view.remote = at;
	return p;
}

static void end(struct pair *p)
{
	close(p->client);
	close(p->server);
	close(p->listener);
}

typedef ARRAY(struct sock_row) rows;

static void keep(void *arg, const struct sock_row *row)
{
	rows *r = arg;

	array_push(r, *row);
}

static const struct sock_row *row_with(const rows *r, const struct tuple *t)
{
	array_each (const struct sock_row, row, r)
		if (tuple_equal(&row->tuple, t))
			return row;
	return NULL;
}

static struct sock_diag *opened(void)
{
	struct err err = {0};
	struct sock_diag *d = sock_diag_open(&err);

	if (!d)
		fail_msg("%s", err.text);
	return d;
}

static rows dumped(struct sock_diag *d, unsigned states)
{
	struct err err = {0};
	rows r = {0};

	if (sock_diag_dump(d, states, keep, &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static int found(struct sock_diag *d, const struct tuple *t, struct sock_row *row)
{
	struct err err = {0};
	int r = sock_diag_find(d, t, row, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

static void both_ends(int family)
{
	struct sock_diag *d = opened();
	struct pair p = connected(family);
	struct tuple server_view = tuple_reversed(&p.view);
	struct sock_row one;
	rows r = dumped(d, ~0u);
	const struct sock_row *client = row_with(&r, &p.view), *server = row_with(&r, &server_view);

	assert_non_null(client);
	assert_non_null(server);
	assert_int_equal(client->state, ST_ESTABLISHED);
	assert_int_equal(client->inode, inode_of(p.client));
	assert_int_equal(server->inode, inode_of(p.server));
	assert_int_equal(found(d, &p.view, &one), 1);
	assert_true(one.cookie && one.cookie == client->cookie);
	assert_int_equal(found(d, &server_view, &one), 1);
	assert_true(one.cookie == server->cookie);
	array_free(&r);
	end(&p);
	sock_diag_close(d);
}

static void ipv4(void **state)
{
	(void)state;
	both_ends(4);
}

static void ipv6(void **state)
{
	(void)state;
	both_ends(6);
}

static void mapped_address_is_ipv4(void **state)
{
	(void)state;
	both_ends(46);
}

static void mask_selects(void **state)
{
	struct sock_diag *d = opened();
	struct pair p = connected(4);
	rows r = dumped(d, 1u << ST_LISTEN);

	(void)state;
	assert_true(r.n > 0);
	array_each (struct sock_row, row, &r)
		assert_int_equal(row->state, ST_LISTEN);
	array_free(&r);
	end(&p);
	sock_diag_close(d);
}

static void find_never_gives_a_listener(void **state)
{
	struct sock_diag *d = opened();
	struct pair p = connected(4);
	struct tuple stranger = tuple_reversed(&p.view);
	struct sock_row row;

	(void)state;
	stranger.remote.port ^= 1; /* to the listener's port, from where nobody connected */
	assert_int_equal(found(d, &stranger, &row), 0);
	end(&p);
	sock_diag_close(d);
}

/* Polls: the FIN and its ACK cross loopback within this thread's system calls, or soon after. */
static int reaches(struct sock_diag *d, const struct tuple *t, enum tcp_state want, int mini)
{
	struct sock_row row;

	for (int tries = 0; tries < 200; tries++) {
		if (found(d, t, &row) && row.state == want && row.minisocket == mini)
			return 1;
		poll(NULL, 0, 10);
	}
	return 0;
}

static void minisockets_are_found(void **state)
{
	struct sock_diag *d = opened();
	struct pair p = connected(6);
	struct tuple server_view = tuple_reversed(&p.view);
	struct sock_row row;

	(void)state;
	close(p.client);
	assert_true(reaches(d, &p.view, ST_FIN_WAIT_2, 1));
	assert_true(reaches(d, &server_view, ST_CLOSE_WAIT, 0));
	close(p.server);
	assert_true(reaches(d, &p.view, ST_TIME_WAIT, 1));
	assert_int_equal(found(d, &p.view, &row), 1);
	assert_int_equal(row.inode, 0);
	assert_true(row.expires_ms > 50000 && row.expires_ms <= 63000);
	close(p.listener);
	sock_diag_close(d);
}

static void want_info(void *arg, const struct sock_row *row, const struct tcp_info *info)
{
	struct tuple *t = arg;

	if (!tuple_equal(&row->tuple, t))
		return;
	assert_non_null(info);
	assert_int_equal(info->tcpi_bytes_received, 3);
	memset(t, 0, sizeof *t); /* seen */
}

static void info_comes_with_the_row(void **state)
{
	struct sock_diag *d = opened();
	struct pair p = connected(4);
	struct tuple t = tuple_reversed(&p.view);
	struct pollfd readable = {.fd = p.server, .events = POLLIN};
	struct err err = {0};

	(void)state;
	assert_int_equal(write(p.client, "abc", 3), 3);
	assert_int_equal(poll(&readable, 1, 2000), 1);
	assert_int_equal(sock_diag_dump_info(d, ~0u, want_info, &t, &err), 0);
	assert_int_equal(t.local.family, 0);
	end(&p);
	sock_diag_close(d);
}

static int held(void)
{
	struct err err = {0};
	int n = owners_count(getpid(), &err);

	if (n < 0)
		fail_msg("%s", err.text);
	return n;
}

static void connections_are_counted(void **state)
{
	int before = held();
	struct pair p = connected(4);
	int copy = dup(p.server), udp = socket(AF_INET, SOCK_DGRAM, 0), pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(held(), before + 3); /* client, server and its copy: not the listener */
	close(copy);
	close(udp);
	close(pipes[0]);
	close(pipes[1]);
	end(&p);
	assert_int_equal(held(), before);
}

static void a_reset_connection_counts_while_it_is_held(void **state)
{
	int before = held();
	struct sock_diag *d = opened();
	struct pair p = connected(4);
	struct tuple server_view = tuple_reversed(&p.view);
	struct linger none = {.l_onoff = 1};
	struct pollfd hup = {.fd = p.server};
	struct sock_row row;

	(void)state;
	assert_int_equal(setsockopt(p.client, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
	close(p.client);
	assert_int_equal(poll(&hup, 1, 2000), 1);
	assert_int_equal(found(d, &server_view, &row), 0);
	assert_int_equal(held(), before + 1);
	close(p.server);
	close(p.listener);
	sock_diag_close(d);
}

static void a_process_that_is_not_there(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(owners_count(0x3ffffffe, &err), -1);
	assert_int_equal(err.kind, ERR_LAB);
}

/*
 * A socket that ends between being collected and being described has its minisocket's cookie, and
 * no port: it is no row, whatever was asked for.
 */
static void what_ended_meanwhile_is_no_row(void **state)
{
	const unsigned bound = 1u << ST_BOUND_INACTIVE;
	struct inet_diag_msg m = {.idiag_family = AF_INET, .idiag_state = ST_CLOSE};
	struct sock_row row;

	(void)state;
	m.id.idiag_dport = htons(5000);
	assert_false(sock_diag_row(&m, SOCK_DIAG_ALL, &row));
	assert_false(sock_diag_row(&m, SOCK_DIAG_ALL | bound, &row));
	m.id.idiag_sport = htons(40000);
	assert_false(sock_diag_row(&m, SOCK_DIAG_ALL, &row));
	assert_false(sock_diag_row(&m, SOCK_DIAG_ALL | bound, &row));
	m.id.idiag_dport = 0;
	assert_true(sock_diag_row(&m, SOCK_DIAG_ALL | bound, &row));
	assert_int_equal(row.state, ST_BOUND_INACTIVE);
	m.idiag_state = ST_FIN_WAIT_2;
	assert_true(sock_diag_row(&m, SOCK_DIAG_ALL, &row));
	assert_int_equal(row.state, ST_FIN_WAIT_2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ipv4),
	        cmocka_unit_test(ipv6),
	        cmocka_unit_test(mapped_address_is_ipv4),
	        cmocka_unit_test(mask_selects),
	        cmocka_unit_test(find_never_gives_a_listener),
	        cmocka_unit_test(minisockets_are_found),
	        cmocka_unit_test(info_comes_with_the_row),
	        cmocka_unit_test(connections_are_counted),
	        cmocka_unit_test(a_reset_connection_counts_while_it_is_held),
	        cmocka_unit_test(a_process_that_is_not_there),
	        cmocka_unit_test(what_ended_meanwhile_is_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
