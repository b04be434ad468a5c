/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many reads in one system call, then many writes in one, by io_uring: where nobody looks at the
 * sockets around each segment, system calls are half of what a packet costs.
 *
 * No request may wait (RWF_NOWAIT), so every one completes at once and in the order in which it was
 * made; nothing overtakes. A device that knows no such requests answers EOPNOTSUPP. Packets stay in
 * the batch's memory until they are written.
 */
#ifndef LASTACK_WIRE_BATCH_H
#define LASTACK_WIRE_BATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BATCH_MOST   64
#define BATCH_PACKET 16384 /* above any MTU of the laboratory */

struct batch;

/* NULL where io_uring is not to be had: then there are read() and write(). */
struct batch *batch_new(void);
void batch_free(struct batch *b); /* NULL is fine */

struct batch_packet {
	uint8_t *bytes;
	ssize_t size; /* or -errno; 0: the other end is gone */
};

/* Up to `n` packets in order; returns how many results there are, -EAGAIN among them. */
unsigned batch_read(struct batch *b, int fd, struct batch_packet *ret, unsigned n);

/* Whether these bytes are in the batch's memory, so that they may wait for batch_flush(). */
int batch_holds(const struct batch *b, const uint8_t *bytes);

/* Writes at the next flush. */
void batch_write(struct batch *b, int fd, const uint8_t *bytes, size_t size);

/* 0, or the errno of the last write that failed. */
int batch_flush(struct batch *b);

#endif
