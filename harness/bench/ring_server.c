/* SPDX-License-Identifier: BSD-2-Clause */
/* The server side of the engine `ring`. */
#ifdef HAVE_LIBURING

#include "engine_event.h"
#include "engine_ring.h"
#include "limits.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAIN_MAX 4

/* Hard links: whatever fails, the chain goes on, and so it always ends with the close. */
#define HARD (IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE)

struct server {
	struct worker *w;
	struct ring ring;
	int listener;
	char *scratch, *response;
};

static void accept_more(struct server *s)
{
	struct io_uring_sqe *q;

	ring_room(&s->ring, 1);
	q = ring_next(&s->ring, ring_tag(OP_ACCEPT, 0, 0));
	io_uring_prep_multishot_accept_direct(q, s->listener, NULL, NULL, 0);
}

static void chain(struct server *s, uint32_t i)
{
	const struct bench_config *config = s->w->config;
	struct io_uring_sqe *q;

	ring_room(&s->ring, CHAIN_MAX);
	q = ring_next(&s->ring, ring_tag(OP_RECV, i, 0));
	io_uring_prep_recv(q, (int)i, s->scratch, config->request, MSG_WAITALL);
	q->flags |= HARD;
	q = ring_next(&s->ring, ring_tag(OP_SEND, i, 0));
	io_uring_prep_send(q, (int)i, s->response, config->response, MSG_NOSIGNAL | MSG_WAITALL);
	q->flags |= HARD;
	if (config->closer == SIDE_CLIENT) {
		q = ring_next(&s->ring, ring_tag(OP_EOF, i, 0));
		io_uring_prep_recv(q, (int)i, s->scratch, 1, 0);
		q->ioprio |= IORING_RECVSEND_POLL_FIRST;
		q->flags |= HARD;
	}
	q = ring_next(&s->ring, ring_tag(OP_CLOSE, i, 0));
	io_uring_prep_close_direct(q, i);
	q->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static void accepted(struct server *s, const struct io_uring_cqe *cqe)
{
	if (cqe->res >= 0) {
		worker_accepted(s->w);
		chain(s, (uint32_t)cqe->res);
	} else {
		worker_failed(s->w, CALL_ACCEPT, -cqe->res);
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		accept_more(s);
}

static void complete(void *arg, const struct io_uring_cqe *cqe)
{
	struct server *s = arg;
	enum ring_op op = ring_op_of(cqe->user_data);

	if (op == OP_ACCEPT) {
		accepted(s, cqe);
		return;
	}
	/* Only failures speak up. A reset that was asked for is none. */
	if (op == OP_EOF && cqe->res == -ECONNRESET && s->w->config->how == HOW_RST)
		return;
	worker_failed(s->w, ring_call(op), cqe->res < 0 ? -cqe->res : ENODATA);
}

int ring_server_open(struct worker *w, struct err *err)
{
	const struct bench_config *config = w->config;
	struct server *s = must(calloc(1, sizeof *s));

	w->state = s;
	s->w = w;
	s->scratch = must(calloc(1, config->request));
	s->response = must(calloc(1, config->response));
	s->listener = bench_listen(w, err);
	if (s->listener < 0)
		return -1;
	/* A slot is free again only when the server has seen the end: there are more than flows. */
	if (ring_open(&s->ring, w, limits_table(w->flows), 4096, complete, s, err))
		return -1;
	accept_more(s);
	return 0;
}

void ring_server_go(struct worker *w)
{
	struct server *s = w->state;

	ring_submit(&s->ring);
}

void ring_server_close(struct worker *w)
{
	struct server *s = w->state;

	if (!s)
		return;
	ring_close(&s->ring);
	if (s->listener >= 0)
		close(s->listener);
	free(s->scratch);
	free(s->response);
	free(s);
	w->state = NULL;
}

#endif
