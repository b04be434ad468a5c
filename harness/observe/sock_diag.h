/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets as the kernel's inet_diag gives them (NETLINK_SOCK_DIAG, linux/inet_diag.h), through
 * libmnl. A handle belongs to the network namespace in which it was opened.
 */
#ifndef LASTACK_SOCK_DIAG_H
#define LASTACK_SOCK_DIAG_H

#include "core/addr.h"
#include "core/err.h"
#include "core/tcp_state.h"

#include <stdint.h>

struct sock_diag;
struct tcp_info;      /* linux/tcp.h */
struct inet_diag_msg; /* linux/inet_diag.h */

/* An IPv4 connection of an AF_INET6 socket has an AF_INET tuple, as on the wire. */
struct sock_row {
	struct tuple tuple;
	uint64_t cookie;
	/* A minisocket's substate: FIN_WAIT_2 or TIME_WAIT. A bound socket without a peer is
	 * BOUND_INACTIVE, never CLOSE. */
	enum tcp_state state;
	uint32_t rqueue, wqueue, inode, uid;
	uint32_t device;                     /* the interface it is bound to; 0 none */
	uint32_t timer, expires_ms, retrans; /* timer: as in struct ev_socket */
	uint8_t minisocket; /* timer is the timewait timer: no full socket, no owner */
};

/* What the kernel says of a socket, when asked for these states; 0: it is none any more. */
int sock_diag_row(const struct inet_diag_msg *m, unsigned states, struct sock_row *ret);

struct sock_diag *sock_diag_open(struct err *err); /* in the caller's namespace of this moment */
void sock_diag_close(struct sock_diag *d);

/*
 * All states that a connection or a listener can be in. BOUND_INACTIVE is not among them: the
 * kernel finds those by a walk of its own, past every TIME_WAIT there is.
 */
#define SOCK_DIAG_ALL (~(1u << ST_BOUND_INACTIVE))

/*
 * Every TCP socket in one of the states of the mask (bit 1 << ST_x), IPv4 and IPv6. Calls
 * `each` for one after the other. 0, or -1 with err; an interrupted dump (NLM_F_DUMP_INTR) is not
 * an error.
 */
int sock_diag_dump(struct sock_diag *d, unsigned states,
        void (*each)(void *arg, const struct sock_row *row), void *arg, struct err *err);

/*
 * The same with the tcp_info of each socket, NULL where there is none (minisockets, sockets whose
 * handshake is not complete). It costs about twice as much. Fields that the kernel does not know
 * are 0.
 */
int sock_diag_dump_info(struct sock_diag *d, unsigned states,
        void (*each)(void *arg, const struct sock_row *row, const struct tcp_info *info), void *arg,
        struct err *err);

/* The one socket with this tuple, a minisocket too; never a listener. 1 found, 0 no such socket, -1
 * with err. */
int sock_diag_find(
        struct sock_diag *d, const struct tuple *t, struct sock_row *ret, struct err *err);

/* The very connection of this row, by its cookie and in whatever state it is now. As above. */
int sock_diag_find_again(
        struct sock_diag *d, const struct sock_row *row, struct sock_row *ret, struct err *err);

#endif
