/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a scenario may need of the machine (`needs: [bpf, tun]`), and what `lastack doctor` lists.
 * Here are only the names; observe/capability_probe.h finds out which of them this machine has.
 */
#ifndef LASTACK_CAPABILITY_H
#define LASTACK_CAPABILITY_H

struct capability {
	const char *name, *help; /* "tun", one line */
};

extern const struct capability capabilities[]; /* a NULL name ends it */

/* The row of this name, or NULL. */
const struct capability *capability_find(const char *name);

#endif
