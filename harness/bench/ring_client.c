/* SPDX-License-Identifier: BSD-2-Clause */
/* The client side of the engine `ring`. */
#ifdef HAVE_LIBURING

#include "engine_ring.h"
#include "pace.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 10

#define LINK  IOSQE_IO_LINK
#define QUIET (IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS)

struct flow {
	uint64_t due_ns;
	uint32_t generation;
	enum bench_stage stage;
	struct target target;
};

struct client {
	struct worker *w;
	struct ring ring;
	struct pace pace;
	struct flow *flows;
	char *scratch, *request;
};

static const int on = 1;
static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

static struct io_uring_sqe *next(struct client *c, uint32_t i, enum ring_op op)
{
	return ring_next(&c->ring, ring_tag(op, i, c->flows[i].generation));
}

static void option(
        struct client *c, uint32_t i, int level, int name, const void *value, unsigned size)
{
	struct io_uring_sqe *s = next(c, i, OP_OPTION);

	ring_prep_setsockopt(s, (int)i, level, name, value, size);
	s->flags |= QUIET | IOSQE_FIXED_FILE;
}

/* What the ports and addresses asked for need before connect(). */
static void prepare(struct client *c, uint32_t i)
{
	const struct targets *t = &c->w->targets;
	struct io_uring_sqe *s;

	if (t->ports == PORTS_RANGE)
		option(c, i, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &t->range, sizeof t->range);
	if (!t->n_from)
		return;
	if (t->ports == PORTS_BIND)
		option(c, i, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	else
		option(c, i, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	s = next(c, i, OP_BIND);
	ring_prep_bind(s, (int)i, &c->flows[i].target.from, t->len);
	s->flags |= QUIET | IOSQE_FIXED_FILE;
}

static void chain(struct client *c, uint32_t i)
{
	const struct bench_config *config = c->w->config;
	struct flow *f = &c->flows[i];
	struct io_uring_sqe *s;

	ring_room(&c->ring, CHAIN_MAX);
	s = next(c, i, OP_SOCKET);
	io_uring_prep_socket_direct(s, f->target.to->ss_family, SOCK_STREAM, 0, i, 0);
	s->flags |= QUIET;
	if (!targets_plain(&c->w->targets))
		prepare(c, i);
	if (config->closer == SIDE_CLIENT && config->how == HOW_RST)
		option(c, i, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	s = next(c, i, OP_CONNECT);
	io_uring_prep_connect(s, (int)i, (const struct sockaddr *)f->target.to, f->target.len);
	s->flags |= LINK | IOSQE_FIXED_FILE;
	s = next(c, i, OP_SEND);
	io_uring_prep_send(s, (int)i, c->request, config->request, MSG_NOSIGNAL | MSG_WAITALL);
	s->flags |= QUIET | IOSQE_FIXED_FILE;
	s = next(c, i, OP_FIRST);
	io_uring_prep_recv(s, (int)i, c->scratch, 1, 0);
	s->ioprio |= IORING_RECVSEND_POLL_FIRST; /* it never is there yet: spares the try */
	s->flags |= LINK | IOSQE_FIXED_FILE;
	if (config->response > 1) {
		s = next(c, i, OP_RECV);
		io_uring_prep_recv(s, (int)i, c->scratch, config->response - 1, MSG_WAITALL);
		s->flags |= QUIET | IOSQE_FIXED_FILE;
	}
	if (config->closer == SIDE_SERVER) {
		s = next(c, i, OP_EOF);
		io_uring_prep_recv(s, (int)i, c->scratch, 1, 0);
		s->flags |= IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
	}
	s = next(c, i, OP_CLOSE);
	io_uring_prep_close_direct(s, i);
}

static void begin(void *arg, uint32_t i, uint64_t due_ns)
{
	struct client *c = arg;
	struct flow *f = &c->flows[i];

	f->due_ns = due_ns;
	f->stage = STAGE_CONNECT;
	live_add(&c->w->live.started);
	targets_next(&c->w->targets, &f->target);
	chain(c, i);
}

/* The first failure of a chain: counts it, and closes what the chain leaves open. */
static void broken(struct client *c, uint32_t i, enum ring_op op, int error)
{
	struct flow *f = &c->flows[i];

	if (error == EADDRNOTAVAIL)
		worker_full(c->w, &f->target);
	worker_failed(c->w, ring_call(op), error);
	f->generation++;
	f->stage = STAGE_NONE;
	ring_room(&c->ring, 1);
	io_uring_prep_close_direct(next(c, i, OP_CLEAR), i);
}

static void done(struct client *c, uint32_t i, uint64_t now)
{
	c->flows[i].stage = STAGE_NONE;
	worker_done(c->w, now, c->flows[i].due_ns);
	pace_ended(&c->pace, i, 0);
}

/* A request that has gone wrong; one that was cut short counts as one. */
static int went_wrong(const struct client *c, enum ring_op op, int res)
{
	if (op == OP_EOF)
		return res != 0 && !(res == -ECONNRESET && c->w->config->how == HOW_RST);
	if (op == OP_FIRST)
		return res < 1;
	if (op == OP_RECV)
		return res < (int)c->w->config->response - 1;
	if (op == OP_SEND)
		return res < (int)c->w->config->request;
	return res < 0;
}

static void complete(void *arg, const struct io_uring_cqe *cqe)
{
	struct client *c = arg;
	enum ring_op op = ring_op_of(cqe->user_data);
	uint32_t i = ring_slot_of(cqe->user_data);
	struct flow *f = &c->flows[i];
	uint64_t now;

	if (ring_generation_of(cqe->user_data) != f->generation)
		return; /* the rest of a chain that has broken */
	if (op == OP_CLEAR) {
		pace_ended(&c->pace, i, 1);
		return;
	}
	if (went_wrong(c, op, cqe->res)) {
		broken(c, i, op, cqe->res < 0 ? -cqe->res : cqe->res ? EPROTO : ENODATA);
		return;
	}
	now = clock_now_ns();
	if (op == OP_CONNECT) {
		histogram_add(&c->w->connect, now - f->due_ns);
		f->stage = STAGE_TRANSFER;
	} else if (op == OP_FIRST) {
		histogram_add(&c->w->first_byte, now - f->due_ns);
		if (c->w->config->response == 1)
			f->stage = STAGE_END;
	} else if (op == OP_CLOSE) {
		done(c, i, now);
	}
}

/* The pace's timer begins chains outside of the ring's own event. */
static void flush(void *arg)
{
	struct client *c = arg;

	ring_submit(&c->ring);
}

int ring_client_open(struct worker *w, struct err *err)
{
	const struct bench_config *config = w->config;
	struct client *c = must(calloc(1, sizeof *c));

	w->state = c;
	c->w = w;
	c->scratch = must(calloc(1, config->response));
	c->request = must(calloc(1, config->request));
	c->flows = must(calloc(w->flows, sizeof *c->flows));
	if (pace_open(&c->pace, w->base, w->flows, config->rate / w->pairs, begin, c))
		return err_set(err, ERR_LAB, "libevent gives no timer");
	c->pace.flush = flush;
	c->pace.quota = w->quota;
	return ring_open(&c->ring, w, w->flows, 4096, complete, c, err);
}

void ring_client_go(struct worker *w)
{
	struct client *c = w->state;

	pace_go(&c->pace, w->flows, (double)w->index / w->pairs);
	ring_submit(&c->ring);
}

void ring_client_finish(struct worker *w)
{
	struct client *c = w->state;

	pace_finish(&c->pace);
	ring_submit(&c->ring);
}

void ring_client_close(struct worker *w)
{
	struct client *c = w->state;

	if (!c)
		return;
	w->unserved = c->pace.unserved;
	for (unsigned i = 0; i < w->flows; i++)
		worker_in_flight(w, c->flows[i].stage, c->flows[i].due_ns);
	ring_close(&c->ring);
	pace_close(&c->pace);
	free(c->flows);
	free(c->scratch);
	free(c->request);
	free(c);
	w->state = NULL;
}

#endif
