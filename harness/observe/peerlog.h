/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer writes on its control channel (docs/control-protocol.md), as events. */
#ifndef LASTACK_PEERLOG_H
#define LASTACK_PEERLOG_H

#include "core/err.h"
#include "model/event.h"

/*
 * One line without its newline, to an EV_PEER (host is the caller's to set). 0, or -1 with err: a
 * line that is not of the protocol.
 */
int peerlog_parse(const char *line, struct event *ret, struct err *err);

#endif
