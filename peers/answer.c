/* SPDX-License-Identifier: BSD-2-Clause */
/* A server of requests: as many bytes go back as have come, and the other side ends it. */
#include "peer.h"

static void answer(struct conn *c, uint64_t bytes)
{
	conn_send(c, bytes, NULL);
}

static void close_when_sent(struct conn *c)
{
	if (c->eof && !c->output)
		conn_close(c);
}

const struct behaviour behaviour_answer = {
        .on_data = answer,
        .on_eof = close_when_sent,
        .on_sent = close_when_sent,
        .on_reset = conn_close,
};
