/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a path says that a socket stays in a state: its words to a window of time. */
#ifndef LASTACK_STAY_H
#define LASTACK_STAY_H

#include "ledger.h"

#include "core/wheel.h"

/* The bounds of durations, or the window of a timer of that length. hi_ns UINT64_MAX: no bound. */
struct window stay_bounds(const struct range *r, unsigned hz);

/*
 * The window for a stay of this socket, as far as the timeline has come. -1 while that is not
 * known: a stay of retransmissions begins with a FIN, which the wire has not shown yet. Where no
 * segment is seen (veth), the timeout is at most the second that a sender begins with.
 *
 * Of a stay that so many retransmissions end, the upper bound is on when the last of them was sent:
 * how long that, and its acknowledgement, wait in queues is no matter of the sender. So before the
 * stay has ended (`out` is NULL) the wire knows no such bound.
 */
int stay_window(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        const struct stay *in, const struct stay *out, struct window *ret);

/*
 * How often the socket has sent its FIN again in this stay, where that is certainly not what the
 * stay says; -1 otherwise. The kernel tells, and the wire sees what reached it: one more than
 * expected is wrong at once, one less of those told when the stay has ended. Times alone would not
 * do: over veth two fit into the longest time that one may take, and one that is heard late into
 * that of two.
 */
int stay_miscounted(const struct ledger *l, const struct ledger_socket *s, const struct range *r,
        const struct stay *in, const struct stay *out);

/* How long such a stay lasts at most, for a deadline: as if no round trip was seen yet. */
uint64_t stay_longest_ns(const struct ledger *l, enum host h, const struct range *r);

#endif
