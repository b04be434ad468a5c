/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two sides of the engine `ring` share. A connection is one chain of linked requests on a
 * slot of the ring's own table of files; the ring's descriptor is an event of the worker's loop.
 *
 * user_data of a request: what it is, its slot, and a generation, so that what is left of a broken
 * chain is told from the chain that follows on the same slot.
 */
#ifndef LASTACK_BENCH_ENGINE_RING_H
#define LASTACK_BENCH_ENGINE_RING_H

#include "worker.h"

#include <liburing.h>

enum ring_op {
	OP_SOCKET,
	OP_OPTION,
	OP_BIND,
	OP_CONNECT,
	OP_SEND,
	OP_FIRST, /* the first byte of the response */
	OP_RECV,
	OP_EOF,
	OP_CLOSE,
	OP_CLEAR, /* closes the slot of a broken chain */
	OP_ACCEPT
};

struct ring {
	struct io_uring uring;
	struct event *event;
	int opened;
	/* Takes one completion; told by op, slot and generation. */
	void (*complete)(void *arg, const struct io_uring_cqe *cqe);
	void *arg;
};

static inline uint64_t ring_tag(enum ring_op op, uint32_t slot, uint32_t generation)
{
	return (uint64_t)op | (uint64_t)slot << 8 | (uint64_t)generation << 32;
}

static inline enum ring_op ring_op_of(uint64_t tag)
{
	return (enum ring_op)(tag & 255);
}

static inline uint32_t ring_slot_of(uint64_t tag)
{
	return (uint32_t)(tag >> 8) & 0xffffff;
}

static inline uint32_t ring_generation_of(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

int ring_open(struct ring *r, struct worker *w, unsigned slots, unsigned entries,
        void (*complete)(void *arg, const struct io_uring_cqe *cqe), void *arg, struct err *err);
void ring_close(struct ring *r);

/* Makes room for a chain of n: a chain must not be cut by a submission. */
void ring_room(struct ring *r, unsigned n);

/* The next request, with its tag. After ring_room() there is one. */
struct io_uring_sqe *ring_next(struct ring *r, uint64_t tag);

void ring_submit(struct ring *r);

/* The call that an operation stands for, in the histogram of errors. */
enum bench_call ring_call(enum ring_op op);

/* setsockopt() and bind() as requests; the headers of this liburing know neither. */
void ring_prep_setsockopt(
        struct io_uring_sqe *s, int slot, int level, int name, const void *value, unsigned size);
void ring_prep_bind(
        struct io_uring_sqe *s, int slot, const struct sockaddr_storage *addr, socklen_t len);

int ring_client_open(struct worker *w, struct err *err);
void ring_client_go(struct worker *w);
void ring_client_finish(struct worker *w);
void ring_client_close(struct worker *w);
int ring_server_open(struct worker *w, struct err *err);
void ring_server_go(struct worker *w);
void ring_server_close(struct worker *w);

#endif
