/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of the engine `event` share: calls that are tried first and waited for then.
 */
#ifndef LASTACK_BENCH_ENGINE_EVENT_H
#define LASTACK_BENCH_ENGINE_EVENT_H

#include "worker.h"

#include <event2/event_struct.h>

enum progress {
	DONE,  /* all of it */
	WAIT,  /* the socket isn't ready */
	ENDED, /* the peer has ended its side */
	BROKEN /* errno says why */
};

/* Moves up to `size` bytes in all; *moved is how many there were before, and is kept up. */
enum progress event_send(int fd, const void *data, size_t size, size_t *moved);
enum progress event_recv(int fd, void *scratch, size_t room, size_t size, size_t *moved);

/* Listens on a worker's port. The descriptor, or -1 with err. */
int bench_listen(struct worker *w, struct err *err);

#define BENCH_SCRATCH 65536

int event_client_open(struct worker *w, struct err *err);
void event_client_go(struct worker *w);
void event_client_finish(struct worker *w);
void event_client_close(struct worker *w);
int event_server_open(struct worker *w, struct err *err);
void event_server_go(struct worker *w);
void event_server_close(struct worker *w);

/* close() that sends RST. */
void event_abort(int fd);

#endif
