/* SPDX-License-Identifier: BSD-2-Clause */
/* A stuck program: it has the connection, and never looks at it, so it sees no end of file. */
#include "peer.h"

const struct behaviour behaviour_never_read = {
        .never_reads = true,
};
