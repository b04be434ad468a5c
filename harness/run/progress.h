/* SPDX-License-Identifier: BSD-2-Clause */
/* One line on standard error that is written over again and again. */
#ifndef LASTACK_PROGRESS_H
#define LASTACK_PROGRESS_H

struct progress {
	char now[512]; /* as it stands on the terminal, "" nothing */
};

void progress_show(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void progress_clear(struct progress *p);

#endif
