/* SPDX-License-Identifier: BSD-2-Clause */
/* A stalled server: connections are complete in the kernel, and no program ever sees them. */
#include "peer.h"

const struct behaviour behaviour_never_accept = {
        .never_accepts = true,
};
