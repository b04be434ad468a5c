/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sysctls a host of a scenario may have: those of its network namespace. */
#ifndef LASTACK_SYSCTL_NAME_H
#define LASTACK_SYSCTL_NAME_H

/*
 * What is wrong with this name, words to follow it ("is not a host's own, ..."), or NULL.
 * Everything outside of net. is the whole machine's, and no command may touch it.
 */
const char *sysctl_name_fault(const char *name);

#endif
