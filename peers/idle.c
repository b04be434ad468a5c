/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and reports. Everything else takes a command. */
#include "peer.h"

const struct behaviour behaviour_idle = {0};
