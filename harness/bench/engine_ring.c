/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine `ring`: io_uring chains under a libevent loop. */
#include "worker.h"

#ifndef HAVE_LIBURING

static const char *not_built(const struct bench_config *c)
{
	(void)c;
	return "it was built without liburing";
}

const struct engine engine_ring = {.name = "ring", .missing = not_built};

#else

#include "engine_ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* From Linux 6.11 and 6.7; newer than the headers at hand. */
#define RING_OP_BIND        56
#define RING_CMD_SETSOCKOPT 3

/*
 * Completions wait until this thread enters the kernel by itself. DEFER_TASKRUN is no
 * faster here and needs more care: the kernel then runs at most 20 of what is deferred at a
 * time, and doesn't tell the descriptor again of what is left.
 */
#define FLAGS                                                                                      \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |      \
	        IORING_SETUP_SUBMIT_ALL)

/* How often, and for how long, to submit and reap before the loop gets its turn again. */
#define ROUNDS   4
#define ROUND_NS (5 * NS_PER_MS)
#define ROUND    256 /* completions */

/* What is there now, and no more: each may submit, and so bring others, without an end. */
static void reap(struct ring *r)
{
	unsigned ready = io_uring_cq_ready(&r->uring), head, n = 0;
	struct io_uring_cqe *cqe;

	io_uring_for_each_cqe(&r->uring, head, cqe)
	{
		if (n == ready || n == ROUND)
			break;
		r->complete(r->arg, cqe);
		n++;
	}
	io_uring_cq_advance(&r->uring, n);
}

static void on_ring(evutil_socket_t fd, short what, void *arg)
{
	struct ring *r = arg;
	uint64_t until = clock_now_ns() + ROUND_NS;

	(void)fd;
	(void)what;
	for (int i = 0; i < ROUNDS && clock_now_ns() < until; i++) {
		io_uring_submit_and_get_events(&r->uring);
		if (!io_uring_cq_ready(&r->uring))
			return;
		reap(r);
	}
	io_uring_submit(&r->uring);
}

static int set_up(struct ring *r, unsigned slots, unsigned entries, struct err *err)
{
	struct io_uring_params p = {
	        .flags = FLAGS | IORING_SETUP_CQSIZE,
	        .cq_entries = entries * 4,
	};
	int e = io_uring_queue_init_params(entries, &r->uring, &p);

	if (e < 0)
		return err_set(err, ERR_LAB, "io_uring: %s", strerror(-e));
	r->opened = 1;
	e = io_uring_register_files_sparse(&r->uring, slots);
	if (e < 0)
		return err_set(
		        err, ERR_LAB, "io_uring: a table of %u files: %s", slots, strerror(-e));
	io_uring_register_ring_fd(&r->uring); /* spares a look-up per call, no more */
	return 0;
}

int ring_open(struct ring *r, struct worker *w, unsigned slots, unsigned entries,
        void (*complete)(void *arg, const struct io_uring_cqe *cqe), void *arg, struct err *err)
{
	r->complete = complete;
	r->arg = arg;
	if (set_up(r, slots, entries, err))
		return -1;
	r->event = event_new(w->base, r->uring.ring_fd, EV_READ | EV_PERSIST, on_ring, r);
	if (!r->event || event_add(r->event, NULL))
		return err_set(err, ERR_LAB, "libevent takes no event");
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->event)
		event_free(r->event);
	r->event = NULL;
	if (r->opened)
		io_uring_queue_exit(&r->uring);
	r->opened = 0;
}

void ring_room(struct ring *r, unsigned n)
{
	while (io_uring_sq_space_left(&r->uring) < n)
		io_uring_submit(&r->uring);
}

struct io_uring_sqe *ring_next(struct ring *r, uint64_t tag)
{
	struct io_uring_sqe *s;

	while (!(s = io_uring_get_sqe(&r->uring)))
		io_uring_submit(&r->uring);
	s->user_data = tag;
	return s;
}

void ring_submit(struct ring *r)
{
	io_uring_submit(&r->uring);
}

enum bench_call ring_call(enum ring_op op)
{
	switch (op) {
	case OP_SOCKET:
		return CALL_SOCKET;
	case OP_OPTION:
		return CALL_OPTION;
	case OP_BIND:
		return CALL_BIND;
	case OP_CONNECT:
		return CALL_CONNECT;
	case OP_SEND:
		return CALL_SEND;
	case OP_FIRST:
	case OP_RECV:
	case OP_EOF:
		return CALL_RECV;
	case OP_CLOSE:
	case OP_CLEAR:
		return CALL_CLOSE;
	case OP_ACCEPT:
		return CALL_ACCEPT;
	}
	return CALL_CLOSE;
}

void ring_prep_setsockopt(
        struct io_uring_sqe *s, int slot, int level, int name, const void *value, unsigned size)
{
	uint32_t where[2] = {(uint32_t)level, (uint32_t)name};
	uint64_t at = (uint64_t)(uintptr_t)value;

	io_uring_prep_rw(IORING_OP_URING_CMD, s, slot, NULL, 0, 0);
	s->cmd_op = RING_CMD_SETSOCKOPT;
	memcpy(&s->addr, where, sizeof where); /* level, optname */
	s->file_index = size;                  /* optlen */
	memcpy(&s->addr3, &at, sizeof at);     /* optval */
}

void ring_prep_bind(
        struct io_uring_sqe *s, int slot, const struct sockaddr_storage *addr, socklen_t len)
{
	io_uring_prep_rw(RING_OP_BIND, s, slot, addr, 0, len);
}

/* Whether setsockopt() goes as a request: only trying tells. */
static int can_set_options(struct io_uring *u)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, ok = 0;
	struct io_uring_sqe *s = io_uring_get_sqe(u);
	struct io_uring_cqe *cqe;

	if (fd < 0 || !s)
		return 0;
	ring_prep_setsockopt(s, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (io_uring_submit_and_wait(u, 1) == 1 && !io_uring_wait_cqe(u, &cqe)) {
		ok = cqe->res == 0;
		io_uring_cqe_seen(u, cqe);
	}
	close(fd);
	return ok;
}

static int supported(struct io_uring *u, const struct bench_config *c)
{
	struct io_uring_probe *p = io_uring_get_probe_ring(u);
	int bind = c->sources > 1 || c->ports == PORTS_BIND;
	int options =
	        bind || c->ports == PORTS_RANGE || (c->how == HOW_RST && c->closer == SIDE_CLIENT);
	int ok = p && io_uring_opcode_supported(p, IORING_OP_SOCKET) &&
	         (!bind || io_uring_opcode_supported(p, RING_OP_BIND)) &&
	         (!options || can_set_options(u));

	free(p);
	return ok;
}

/* Tries what the engine needs of the kernel. */
static const char *missing(const struct bench_config *c)
{
	struct io_uring u;
	const char *why = NULL;
	int e;

	if (c->how == HOW_HALF)
		return "shutdown() in a chain goes through the kernel's helper threads";
	e = io_uring_queue_init(8, &u, FLAGS);
	if (e == -EINVAL)
		return "this kernel's io_uring is too old";
	if (e < 0)
		return "this system refuses io_uring";
	if (!supported(&u, c))
		why = "this kernel's io_uring lacks an operation that it needs";
	io_uring_queue_exit(&u);
	return why;
}

const struct engine engine_ring = {
        .name = "ring",
        .missing = missing,
        .open = {ring_client_open, ring_server_open},
        .go = {ring_client_go, ring_server_go},
        .finish = {ring_client_finish, NULL},
        .close = {ring_client_close, ring_server_close},
};

#endif
