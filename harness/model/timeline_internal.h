/* SPDX-License-Identifier: BSD-2-Clause */
/* What the writer and the reader of timelines share. */
#ifndef LASTACK_TIMELINE_INTERNAL_H
#define LASTACK_TIMELINE_INTERNAL_H

#include "timeline.h"

#define TIMELINE_VERSION 1
#define STEP_PHASES      (STEP_FAILS + 1)

extern const char *const event_kind_names[EV_COUNT];
extern const char *const step_phase_names[STEP_PHASES];

#endif
