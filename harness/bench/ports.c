/* SPDX-License-Identifier: BSD-2-Clause */
#include "ports.h"

#include "lab.h"
#include "run.h"
#include "run/progress.h"
#include "targets.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HELD_NS                                                                                    \
	(59 * NS_PER_S) /* then the first TIME_WAITs end, and the share is no longer known */
#define FAILING 9       /* times that the failing call is measured */
#define DEAR    400     /* connections measured past half of the range */

struct ports_shared {
	const struct bench_config *config;
	struct bench_result result; /* for what the lab says of itself */
	struct ports_run run;
};

struct stage {
	struct ports_run *run;
	struct sockaddr_storage from, to;
	socklen_t len;
	int listener;
	struct progress line;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

const char *ports_method_name(enum ports_method m)
{
	static const char *const names[] = {
	        "kernel", "IP_LOCAL_PORT_RANGE", "bind + REUSEADDR", "bind to port 0"};

	return m < METHOD_COUNT ? names[m] : "?";
}

static void set_port(struct sockaddr_storage *s, unsigned port)
{
	if (s->ss_family == AF_INET)
		((struct sockaddr_in *)s)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)s)->sin6_port = htons((uint16_t)port);
}

/* Options and bind, as the method has it. */
static int prepare(struct stage *s, enum ports_method method, int fd)
{
	unsigned range = s->run->lo | s->run->hi << 16;
	int on = 1;

	switch (method) {
	case METHOD_KERNEL:
		return 0;
	case METHOD_RANGE:
		return setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);
	case METHOD_BIND:
		if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
			return -1;
		set_port(&s->from, s->run->lo + s->run->n % (s->run->hi - s->run->lo + 1));
		break;
	case METHOD_BIND_0:
		break;
	case METHOD_COUNT:
		return -1;
	}
	return bind(fd, (struct sockaddr *)&s->from, s->len);
}

/* Opens one connection, measured. The descriptor, or -1 with errno; *ret_ns either way. */
static int open_one(struct stage *s, enum ports_method method, uint64_t *ret_ns)
{
	int fd = socket(s->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), failed, error;
	uint64_t start;

	*ret_ns = 0;
	if (fd < 0)
		return -1;
	start = clock_now_ns();
	failed = prepare(s, method, fd) || connect(fd, (struct sockaddr *)&s->to, s->len);
	error = errno;
	*ret_ns = clock_now_ns() - start;
	if (!failed)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

/* What a call has failed by: an interruption that was asked for is no error. */
static int failed_by(const char *call, struct err *err)
{
	return errno == EINTR && stop ? 0 : err_sys(err, "%s", call);
}

/* The client closes first, and the server once it has seen that. */
static int end_one(struct stage *s, int client, struct err *err)
{
	int server = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC), failed = 0;
	char byte;

	if (server < 0) {
		failed = failed_by("accept", err);
		close(client);
		return failed;
	}
	close(client);
	switch (recv(server, &byte, 1, 0)) {
	case 0:
		break;
	case -1:
		failed = failed_by("recv", err);
		break;
	default:
		failed = err_set(err, ERR_LAB, "the server saw no end of a connection");
		break;
	}
	close(server);
	return failed;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure_failing(struct stage *s)
{
	uint64_t cost[FAILING];

	for (int i = 0; i < FAILING; i++) {
		int fd = open_one(s, s->run->method, &cost[i]);

		if (fd >= 0)
			close(fd);
	}
	qsort(cost, FAILING, sizeof *cost, ascending);
	s->run->error_ns = cost[FAILING / 2];
}

static void tell(struct stage *s, unsigned all)
{
	const struct ports_run *p = s->run;

	if (p->progress && (p->n % 64 == 0 || p->n == all))
		progress_show(&s->line, "%s: %u of %u port%s", ports_method_name(p->method), p->n,
		        all, bench_plural(all));
}

/* A connection could not be opened: that is a result, an interruption, or an error. */
static int no_port(struct stage *s, struct err *err)
{
	struct ports_run *p = s->run;

	if (stop)
		return 0;
	if (errno != EADDRNOTAVAIL && errno != EADDRINUSE)
		return err_sys(err, "%s: connection %u", ports_method_name(p->method), p->n + 1);
	p->end = PORTS_FAILED;
	p->error = errno;
	measure_failing(s);
	return 0;
}

/* With all ports held: whether there still is one, and what not finding one costs. */
static int one_more(struct stage *s, struct err *err)
{
	uint64_t cost;
	int fd = open_one(s, s->run->method, &cost);

	if (fd < 0)
		return no_port(s, err);
	close(fd);
	s->run->end = PORTS_REUSED;
	return 0;
}

/* Who opens the next connection: the method itself, unless it is dear and has been measured. */
static enum ports_method opener(const struct ports_run *p, unsigned all)
{
	unsigned every = all / 2 / DEAR;
	int dear = p->method == METHOD_KERNEL || p->method == METHOD_BIND_0;

	return dear && every > 1 && p->n > all / 2 && p->n % every ? METHOD_RANGE : p->method;
}

/* Opens and ends one connection, and keeps what it cost. */
static int next_one(struct stage *s, unsigned all, struct err *err)
{
	struct ports_run *p = s->run;
	enum ports_method method = opener(p, all);
	uint64_t cost;
	int fd = open_one(s, method, &cost);

	if (fd < 0)
		return no_port(s, err);
	if (end_one(s, fd, err))
		return -1;
	if (method != p->method)
		cost = 0;
	p->cost_ns[p->n++] = cost < UINT32_MAX ? (unsigned)cost : UINT32_MAX;
	return 0;
}

static int fill(struct stage *s, struct err *err)
{
	struct ports_run *p = s->run;
	unsigned all = p->hi - p->lo + 1;
	uint64_t until = clock_now_ns() + HELD_NS;

	while (p->n < all && !stop && p->end == PORTS_NOT_RUN) {
		if (next_one(s, all, err))
			return -1;
		tell(s, all);
		if (p->end == PORTS_NOT_RUN && clock_now_ns() > until)
			p->end = PORTS_EXPIRED;
	}
	if (p->end == PORTS_NOT_RUN && !stop && one_more(s, err))
		return -1;
	if (p->end == PORTS_NOT_RUN || (stop && p->end != PORTS_REUSED))
		p->end = PORTS_INTERRUPTED;
	return 0;
}

static int set_listener(struct stage *s, struct err *err)
{
	s->listener = socket(s->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0)
		return err_sys(err, "socket");
	if (bind(s->listener, (struct sockaddr *)&s->to, s->len) || listen(s->listener, 16))
		return err_sys(err, "cannot listen");
	return 0;
}

static int pin(struct err *err)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : (unsigned)cpu, &one);
	return sched_setaffinity(0, sizeof one, &one) ? err_sys(err, "cannot pin to a CPU") : 0;
}

static int measure_in(struct bench_lab *lab, struct ports_run *p, struct err *err)
{
	struct stage s = {.run = p, .listener = -1};
	struct sigaction ask = {.sa_handler = on_signal};
	int failed;

	sigaction(SIGINT, &ask, NULL);
	sigaction(SIGTERM, &ask, NULL);
	bench_signals(SIG_UNBLOCK);
	p->lo = lab->port_lo;
	p->hi = lab->port_hi;
	endpoint_to_sockaddr(&lab->from, &s.from);
	s.len = endpoint_to_sockaddr(&lab->to, &s.to);
	failed = pin(err) || bench_lab_enter(lab, SIDE_SERVER, err) || set_listener(&s, err) ||
	         bench_lab_enter(lab, SIDE_CLIENT, err) || fill(&s, err);
	if (s.listener >= 0)
		close(s.listener);
	progress_clear(&s.line);
	return failed ? -1 : 0;
}

static int work(void *arg, struct err *err)
{
	struct ports_shared *s = arg;
	struct bench_lab lab;
	int failed = bench_lab_open(&lab, s->config, &s->result, err);

	if (!failed)
		failed = measure_in(&lab, &s->run, err);
	bench_lab_close(&lab);
	return failed;
}

int ports_measure(struct ports_run *p, const struct bench_config *c, struct err *err)
{
	struct ports_shared *s = bench_shared(sizeof *s, err);
	int failed;

	if (!s)
		return -1;
	s->config = c;
	s->run = *p;
	failed = bench_in_cell(work, s, err);
	*p = s->run;
	munmap(s, sizeof *s);
	return failed;
}

/* What was measured in a stretch, into v; how many. */
static unsigned measured(const struct ports_run *p, unsigned from, unsigned to, uint64_t *v)
{
	unsigned n = 0;

	for (unsigned i = from; i < to && i < p->n; i++)
		if (p->cost_ns[i])
			v[n++] = p->cost_ns[i];
	return n;
}

double ports_cost_us(const struct ports_run *p, double lo, double hi)
{
	unsigned all = p->hi - p->lo + 1;
	unsigned from = (unsigned)ceil(lo * all - 1e-9), to = (unsigned)ceil(hi * all - 1e-9), n;
	double middle = 0;
	uint64_t *v;

	if (from >= to) {
		from = (unsigned)((lo + hi) / 2 * all);
		to = from + 1;
	}
	v = must(malloc((to - from) * sizeof *v));
	n = measured(p, from, to, v);
	qsort(v, n, sizeof *v, ascending);
	if (n)
		middle = (double)v[n / 2] / 1e3;
	free(v);
	return middle;
}
