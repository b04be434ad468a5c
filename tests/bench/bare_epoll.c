/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same work as `lastack bench --engine event` without any library: what an event loop of one's
 * own could reach. tools/bench-peers compares the two.
 *
 *   bare_epoll server PORT
 *   bare_epoll client ADDRESS N_ADDRESSES PORT FLOWS SECONDS     prints connections a second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define FILES 20000

static int ep;
static struct sockaddr_in to = {.sin_family = AF_INET};
static uint32_t first;
static unsigned n_addresses, turn;
static char answered[FILES]; /* server: the response is sent */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for(int fd, uint32_t what)
{
	struct epoll_event e = {.events = what, .data.fd = fd};

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) && epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e))
		die("epoll_ctl");
}

/* Connects; on one machine that is over at once, and the request can go out too. */
static void begin(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	to.sin_addr.s_addr = htonl(first + turn++ % n_addresses);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
		die("connect");
	wait_for(fd, send(fd, "x", 1, MSG_NOSIGNAL) == 1 ? EPOLLIN : EPOLLOUT);
}

static int client_ready(const struct epoll_event *e)
{
	char byte;

	if (e->events & EPOLLOUT) {
		if (send(e->data.fd, "x", 1, MSG_NOSIGNAL) != 1)
			die("send");
		wait_for(e->data.fd, EPOLLIN);
		return 0;
	}
	if (recv(e->data.fd, &byte, 1, 0) != 1)
		die("recv");
	close(e->data.fd);
	begin();
	return 1;
}

static void client(unsigned flows, double seconds)
{
	struct epoll_event e[BATCH];
	double start = now();
	uint64_t done = 0;

	for (unsigned i = 0; i < flows; i++)
		begin();
	while (now() < start + seconds) {
		int n = epoll_wait(ep, e, BATCH, 1000);

		for (int i = 0; i < n; i++)
			done += (uint64_t)client_ready(&e[i]);
	}
	printf("%.0f\n", (double)done / (now() - start));
}

/* Reads the request, answers, and waits for the end; then closes. */
static void serve(int fd, int added)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	if (n == 1 && !answered[fd]) {
		if (send(fd, "y", 1, MSG_NOSIGNAL) != 1)
			die("send");
		answered[fd] = 1;
	} else if (n >= 0 || errno != EAGAIN) {
		answered[fd] = 0;
		close(fd);
		return;
	}
	if (!added)
		wait_for(fd, EPOLLIN);
}

static void accept_all(int listener)
{
	for (int n = 0; n < BATCH; n++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (fd >= FILES)
			exit(1);
		serve(fd, 0);
	}
}

static void server(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	struct epoll_event e[BATCH];

	to.sin_addr.s_addr = INADDR_ANY;
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	        bind(listener, (struct sockaddr *)&to, sizeof to) || listen(listener, 65535))
		die("listen");
	wait_for(listener, EPOLLIN);
	for (;;) {
		int n = epoll_wait(ep, e, BATCH, -1);

		for (int i = 0; i < n; i++)
			if (e[i].data.fd == listener)
				accept_all(listener);
			else
				serve(e[i].data.fd, 1);
	}
}

int main(int argc, char **argv)
{
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		die("epoll");
	if (argc == 3 && !strcmp(argv[1], "server")) {
		to.sin_port = htons((uint16_t)atoi(argv[2]));
		server();
	} else if (argc == 7 && !strcmp(argv[1], "client")) {
		first = ntohl(inet_addr(argv[2]));
		n_addresses = (unsigned)atoi(argv[3]);
		to.sin_port = htons((uint16_t)atoi(argv[4]));
		client((unsigned)atoi(argv[5]), atof(argv[6]));
	} else {
		fprintf(stderr,
		        "usage: bare_epoll server PORT | client ADDRESS N PORT FLOWS SECONDS\n");
		return 2;
	}
	return 0;
}
