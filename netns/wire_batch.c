/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches of reads and writes by io_uring: see wire_batch.h. */
#include "wire_batch.h"

#include "core/err.h"

#include <errno.h>
#include <stdlib.h>

#ifdef HAVE_LIBURING
#include <liburing.h>

struct batch {
	struct io_uring ring;
	unsigned pending; /* writes not yet submitted */
	uint8_t bytes[BATCH_MOST][BATCH_PACKET];
};

struct batch *batch_new(void)
{
	struct batch *b = must(calloc(1, sizeof *b));

	if (!io_uring_queue_init(BATCH_MOST, &b->ring, IORING_SETUP_CLAMP))
		return b;
	free(b); /* switched off, or an old kernel */
	return NULL;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	io_uring_queue_exit(&b->ring);
	free(b);
}

/* Submits what was prepared and waits for all of it, which RWF_NOWAIT makes short. */
static void submit(struct batch *b, unsigned n)
{
	while (io_uring_submit_and_wait(&b->ring, n) == -EINTR)
		continue;
}

unsigned batch_read(struct batch *b, int fd, struct batch_packet *ret, unsigned n)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	for (unsigned i = 0; i < n; i++) {
		struct io_uring_sqe *s = io_uring_get_sqe(&b->ring);

		io_uring_prep_read(s, fd, b->bytes[i], BATCH_PACKET, 0);
		s->user_data = i;
		s->rw_flags = RWF_NOWAIT; /* O_NONBLOCK alone would have it wait in the ring */
		ret[i] = (struct batch_packet){b->bytes[i], -EAGAIN};
	}
	submit(b, n);
	io_uring_for_each_cqe(&b->ring, head, cqe)
	{
		ret[cqe->user_data].size = cqe->res;
		seen++;
	}
	io_uring_cq_advance(&b->ring, seen);
	return n;
}

int batch_holds(const struct batch *b, const uint8_t *bytes)
{
	return bytes >= b->bytes[0] && bytes < b->bytes[0] + sizeof b->bytes;
}

void batch_write(struct batch *b, int fd, const uint8_t *bytes, size_t size)
{
	struct io_uring_sqe *s;

	if (b->pending == BATCH_MOST)
		batch_flush(b);
	s = io_uring_get_sqe(&b->ring);
	io_uring_prep_write(s, fd, bytes, (unsigned)size, 0);
	s->rw_flags = RWF_NOWAIT;
	b->pending++;
}

int batch_flush(struct batch *b)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;
	int failed = 0;

	if (!b->pending)
		return 0;
	submit(b, b->pending);
	io_uring_for_each_cqe(&b->ring, head, cqe)
	{
		if (cqe->res < 0)
			failed = -cqe->res;
		seen++;
	}
	io_uring_cq_advance(&b->ring, seen);
	b->pending = 0;
	return failed;
}

#else

struct batch *batch_new(void)
{
	return NULL;
}

void batch_free(struct batch *b)
{
	(void)b;
}

unsigned batch_read(struct batch *b, int fd, struct batch_packet *ret, unsigned n)
{
	(void)b, (void)fd, (void)ret, (void)n;
	return 0;
}

int batch_holds(const struct batch *b, const uint8_t *bytes)
{
	(void)b, (void)bytes;
	return 0;
}

void batch_write(struct batch *b, int fd, const uint8_t *bytes, size_t size)
{
	(void)b, (void)fd, (void)bytes, (void)size;
}

int batch_flush(struct batch *b)
{
	(void)b;
	return 0;
}

#endif
