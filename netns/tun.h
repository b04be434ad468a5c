/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LASTACK_TUN_H
#define LASTACK_TUN_H

#include "core/err.h"

/*
 * Makes a TUN device of that name in the network namespace of the caller: raw IP packets, no header
 * before them. Returns a non-blocking descriptor; the device goes when it is closed. -1 with err;
 * kind ERR_MISSING when this machine or this user cannot have TUN at all.
 */
int tun_open(const char *name, struct err *err);

#endif
