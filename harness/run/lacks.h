/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scenario needs and this machine lacks: known before there is a cell. */
#ifndef LASTACK_LACKS_H
#define LASTACK_LACKS_H

#include "core/err.h"
#include "model/scenario.h"

/* 1, with why, when it lacks something. */
int lacks(const struct scenario *s, struct err *why);

#endif
