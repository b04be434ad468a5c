/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the inventory share, and nobody else calls. */
#ifndef LASTACK_INVENTORY_INNER_H
#define LASTACK_INVENTORY_INNER_H

#include "inventory.h"

#include <linux/tcp.h>

int inventory_asked_for(const struct inventory_query *q, const struct sock_row *row);
void inventory_set_age(struct inventory_socket *s, const struct tcp_info *info);

/* Sets each holder by what a search finds, and ends the search. How many seem to have none; -1. */
ssize_t inventory_find_holders(
        struct inventory *inv, struct descriptors_search *search, struct err *err);

/* Sets each holder by the owners that are known. How many seem to have none. */
size_t inventory_classify(struct inventory *inv);

/* Searches every thread for the holders that were not found, then asks for those sockets again. */
int inventory_look_again(struct sock_diag *d, const struct inventory_query *q,
        struct inventory *inv, struct err *err);

void inventory_find_listeners(struct inventory *inv);

/* Of several that a connection may belong to, the one whose queue has it, where BPF can look. */
void inventory_look_into_queues(struct inventory *inv);

#endif
