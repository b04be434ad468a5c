/* SPDX-License-Identifier: BSD-2-Clause */
/* Closes on what it has not read: where that is data, the kernel sends a reset instead of a FIN. */
#include "peer.h"

const struct behaviour behaviour_unread = {
        .never_reads = true,
        .on_arrival = conn_close,
        .on_eof = conn_close,
        .on_reset = conn_close,
};
