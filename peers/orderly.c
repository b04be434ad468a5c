/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program should do: the other side has finished, so it closes. */
#include "peer.h"

const struct behaviour behaviour_orderly = {
        .on_eof = conn_close,
        .on_reset = conn_close,
};
