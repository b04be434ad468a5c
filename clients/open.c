/* SPDX-License-Identifier: BSD-2-Clause */
#include "open.h"
#include "core/clock.h"
#include "peers/report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* "198.18.0.2", "2001:2::2", and with a port "198.18.0.2:40000", "[2001:2::2]:40000" */
static int from_parse(const char *word, struct endpoint *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->family = AF_INET;
	if (inet_pton(AF_INET, word, ret->addr) == 1)
		return 0;
	ret->family = AF_INET6;
	if (inet_pton(AF_INET6, word, ret->addr) == 1)
		return 0;
	return endpoint_parse(word, ret);
}

int route_parse(const struct command *c, const char *to, struct route *ret, struct err *err)
{
	const char *from = command_option(c, "from");

	*ret = (struct route){0};
	if (command_endpoint(to, &ret->to, err) < 0)
		return -1;
	if (!ret->to.port)
		return err_set(err, ERR_INPUT, "port 0 is nobody's");
	if (!from)
		return 0;
	if (from_parse(from, &ret->from) < 0)
		return err_set(err, ERR_INPUT, "from=%.80s is no address", from);
	if (ret->from.family != ret->to.family)
		return err_set(
		        err, ERR_INPUT, "from=%.80s is not of the family of %.80s", from, to);
	return 0;
}

/* 0, or -1 with errno and the call that failed. */
static int bind_from(int fd, const struct endpoint *from, const char **ret_call)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(from, &sa);
	int one = 1, failed;

	*ret_call = "setsockopt";
	if (from->port) /* this very port, though it may be in TIME_WAIT */
		failed = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	else /* else bind() would take a port for all destinations */
		failed = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (failed)
		return -1;
	*ret_call = "bind";
	return bind(fd, (struct sockaddr *)&sa, len);
}

static int set_options(int fd, const struct peer *p)
{
	int one = 1;

	if (p->rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &p->rcvbuf, sizeof p->rcvbuf) < 0)
		return -1;
	if (p->sndbuf && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &p->sndbuf, sizeof p->sndbuf) < 0)
		return -1;
	if (p->keepalive && setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) < 0)
		return -1;
	return 0;
}

static int start(struct conn *c, const struct route *r, const char **ret_call)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&r->to, &sa);

	*ret_call = "socket";
	c->fd = socket(r->to.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -1;
	*ret_call = "setsockopt";
	if (set_options(c->fd, c->peer) < 0)
		return -1;
	if (r->from.family && bind_from(c->fd, &r->from, ret_call) < 0)
		return -1;
	*ret_call = "connect";
	if (connect(c->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -1;
	conn_learn(c); /* now: connect() has chosen its address and port */
	*ret_call = "epoll_ctl";
	return conn_watch(c);
}

void conn_open(struct peer *p, const struct route *r, struct opener *o)
{
	struct conn *c = conn_new(p, o);
	const char *call;

	c->connecting = true;
	c->tuple.remote = r->to;
	if (start(c, r, &call) < 0)
		conn_fail(c, call, errno);
}

uint64_t due_ns(uint64_t start_ns, double rate, unsigned long i)
{
	return rate > 0 ? start_ns + (uint64_t)((double)i * 1e9 / rate) : 0;
}
