/* SPDX-License-Identifier: BSD-2-Clause */
#include "conntrack.h"

#define CONNTRACK_NAME(id, name) name,
const char *const conntrack_state_names[CT_COUNT + 1] = {CONNTRACK_STATES(CONNTRACK_NAME) "any"};
