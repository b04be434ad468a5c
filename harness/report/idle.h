/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of the wire that hit nothing in a run: often a rule that does not say what it was meant to.
 */
#ifndef LASTACK_REPORT_IDLE_H
#define LASTACK_REPORT_IDLE_H

#include "report/reporter.h"

/*
 * Calls `each` with "rule 2 (line 5) hit nothing: drop fin from client, once" for one after the
 * other. None of a run without a timeline.
 */
void idle_rules(const struct outcome *r, void (*each)(void *arg, const char *text), void *arg);

#endif
