/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine `event`: non-blocking sockets, each call tried at once, and one plain event a flow,
 * assigned anew but never allocated, for when a call has to wait.
 */
#include "engine_event.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum progress event_send(int fd, const void *data, size_t size, size_t *moved)
{
	while (*moved < size) {
		size_t rest = size - *moved;
		ssize_t n =
		        send(fd, data, rest < BENCH_SCRATCH ? rest : BENCH_SCRATCH, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? WAIT : BROKEN;
		*moved += (size_t)n;
	}
	return DONE;
}

enum progress event_recv(int fd, void *scratch, size_t room, size_t size, size_t *moved)
{
	while (*moved < size) {
		ssize_t n = recv(fd, scratch, room, 0);

		if (n < 0)
			return errno == EAGAIN ? WAIT : BROKEN;
		if (!n)
			return ENDED;
		*moved += (size_t)n;
	}
	return DONE;
}

void event_abort(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static const char *nothing_missing(const struct bench_config *c)
{
	(void)c;
	return NULL;
}

const struct engine engine_event = {
        .name = "event",
        .missing = nothing_missing,
        .open = {event_client_open, event_server_open},
        .go = {event_client_go, event_server_go},
        .finish = {event_client_finish, NULL},
        .close = {event_client_close, event_server_close},
};
