/* SPDX-License-Identifier: BSD-2-Clause */
/* A dup() is left behind: close() of the other one sends no FIN. */
#include "peer.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>

static void dup_and_close(struct conn *c)
{
	if (fcntl(c->fd, F_DUPFD_CLOEXEC, 0) < 0) /* nobody knows its number */
		report_failed(c, "dup", errno);
	conn_close(c);
}

const struct behaviour behaviour_duplicated = {
        .on_eof = dup_and_close,
        .on_reset = conn_close,
        .close = dup_and_close,
};
