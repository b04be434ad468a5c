/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_LINGER 0, the cure for TIME_WAIT that loses data. */
#include "peer.h"

const struct behaviour behaviour_reset = {
        .on_eof = conn_abort,
        .on_reset = conn_close,
        .close = conn_abort,
};
