/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each direction ends on its own: end of file does not stop what is still to be sent, and a close
 * is a shutdown() first and a close() when the other side has finished too.
 */
#include "peer.h"

static void close_when_sent(struct conn *c)
{
	if (!c->output)
		conn_close(c);
}

static void on_sent(struct conn *c)
{
	if (c->eof)
		conn_close(c);
	else if (c->closing && !c->shut)
		conn_shutdown(c);
}

static void begin_close(struct conn *c)
{
	if (c->connecting || c->broken) {
		conn_close(c);
		return;
	}
	c->closing = true;
	if (!c->output)
		on_sent(c);
}

const struct behaviour behaviour_half_close = {
        .on_eof = close_when_sent,
        .on_reset = conn_close,
        .on_sent = on_sent,
        .close = begin_close,
};
