/* SPDX-License-Identifier: BSD-2-Clause */
/* The mistake behind most CLOSE_WAITs: end of file is read, and the descriptor is lost. */
#include "peer.h"

const struct behaviour behaviour_leak = {
        .on_eof = conn_forget,
        .on_reset = conn_forget,
};
