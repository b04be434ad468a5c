/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the wire share: wire.c reads and judges, wire_send.c keeps and delivers. */
#ifndef LASTACK_WIRE_INTERNAL_H
#define LASTACK_WIRE_INTERNAL_H

#include "netns/fault.h"
#include "netns/pcapng.h"
#include "netns/wire.h"
#include "netns/wire_batch.h"
#include "netns/wire_queue.h"
#include "netns/wire_rules.h"

struct side {
	struct wire *wire;
	enum host host;
	int fd;
	unsigned at_once;       /* packets that the next batch asks for */
	int ifindex;            /* of a packet socket, 0: none */
	struct event *readable; /* libevent's, opaque: only its name is that of our own events */
};

struct wire {
	struct wire_config c;
	struct side side[2];
	int timer_fd;
	struct event *timer;
	struct wire_queue later, held;
	struct wire_queue behind; /* until others have gone first: parcel.behind */
	uint64_t armed_ns;        /* the timer's moment, 0: it is not set */
	uint64_t cut_until_ns;    /* nothing passes before; UINT64_MAX: for ever */
	int cut_rule;
	int carrier_off;
	struct flows flows;
	struct rules rules;
	struct pcapng *pcapng;
	struct wire_stats stats;
	struct batch *batch; /* NULL: one read() and write() a packet */
	uint8_t buffer[1 << 16];
};

void wire_trouble(struct wire *w, struct err *err);

/* Puts it into the capture, as it came in or as it leaves. */
void wire_capture(struct wire *w, const struct event *e, enum pcapng_direction direction,
        uint64_t t_ns, const uint8_t *bytes, size_t size);

/* 0 or -1 with errno. */
int wire_write(struct wire *w, enum host to, const uint8_t *bytes, size_t size);

/* A segment leaves: written, captured where it is not as it came, told, and let others go. */
void wire_deliver(struct wire *w, struct event *e, struct flow *c, const struct segment *s);

/* What waits in the batch. */
void wire_flush(struct wire *w);

/* What is due. */
void wire_on_timer(evutil_socket_t fd, short what, void *arg);

/* Finds out what kind of descriptor the side has. */
void wire_side_init(struct side *s);

/* Ends a cut: the carrier comes back. */
void wire_mend(struct wire *w);

#endif
