/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections are accepted: listeners, drained with accept4() until there is nothing left. */
#ifndef LASTACK_LISTEN_H
#define LASTACK_LISTEN_H

#include "peers/command.h"

int listen_run(struct peer *p, const struct command *c, struct job *j, struct err *err);
int accept_run(struct peer *p, const struct command *c, struct job *j, struct err *err);
void listeners_sync(struct peer *p);
void listeners_drain(struct peer *p);

#endif
