/* SPDX-License-Identifier: BSD-2-Clause */
/* The listener of a server worker, the same for every engine. */
#include "worker.h"

#include "engine_event.h"

#include <unistd.h>

int bench_listen(struct worker *w, struct err *err)
{
	const struct sockaddr *to = (const struct sockaddr *)&w->targets.to[0];
	struct sockaddr_storage any = {.ss_family = to->sa_family};
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int on = 1, fd;
	struct endpoint e;

	endpoint_from_sockaddr(to, &e);
	if (w->config->serve.family)
		any = w->targets.to[0];
	else
		endpoint_to_sockaddr(&(struct endpoint){.family = e.family, .port = e.port}, &any);
	fd = socket(e.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	        (w->config->serve.family && /* all workers on one port */
	                setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
	        bind(fd, (struct sockaddr *)&any, w->targets.len) || listen(fd, 65535)) {
		err_sys(err, "cannot listen on port %u", e.port);
		close(fd);
		return -1;
	}
	/* Connections inherit it: then every close() of this side is a reset. */
	if (w->config->closer == SIDE_SERVER && w->config->how == HOW_RST &&
	        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now)) {
		err_sys(err, "SO_LINGER");
		close(fd);
		return -1;
	}
	return fd;
}
