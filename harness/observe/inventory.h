/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All TCP sockets of one network namespace at one moment, each with who holds it.
 *
 * Sockets and descriptors cannot be read in one stroke. When a socket seems to have no holder, each
 * thread's descriptors are searched as well, and then the sockets are listed again: only of what is
 * in both lists it is said that nobody holds it. What has gone is left out.
 */
#ifndef LASTACK_INVENTORY_H
#define LASTACK_INVENTORY_H

#include "core/array.h"
#include "observe/owner_table.h"
#include "observe/sock_diag.h"

/* Who holds a socket. The words are those of the owner column and of the JSON. */
#define HOLDERS(H)                                                                                 \
	H(PROGRAM, "program", "descriptors of one or more processes")                              \
	H(KERNEL, "kernel", "no file at all: the kernel made it for itself (NFS, MPTCP, ...)")     \
	H(HIDDEN, "hidden",                                                                        \
	        "a file that is in no descriptor: registered with an io_uring, being passed "      \
	        "between processes, or in a close() that waits (SO_LINGER)")                       \
	H(UNHELD, "kernel?",                                                                       \
	        "no process's descriptor: the kernel's own, or hidden; only BPF can tell which")   \
	H(UNSEEN, "not visible", "perhaps a process that we may not look into")                    \
	H(MINISOCKET, "minisocket",                                                                \
	        "nobody: closed by its program; the kernel keeps only what the end needs, and a "  \
	        "timer")                                                                           \
	H(ORPHAN, "orphan", "nobody: closed by its program; the kernel ends it alone")             \
	H(UNACCEPTED, "not accepted", "nobody yet: it waits for the accept() of a listener")       \
	H(HANDSHAKE, "handshake", "nobody yet: the handshake with a listener is under way")

enum holder {
#define HOLDER_ENUM(id, word, help) HELD_BY_##id,
	HOLDERS(HOLDER_ENUM)
#undef HOLDER_ENUM
	        HOLDER_COUNT
};

extern const char *const holder_words[HOLDER_COUNT];
extern const char *const holder_helps[HOLDER_COUNT];

enum age_kind {
	AGE_UNKNOWN,
	/* TIME_WAIT: 60 s less what its timer still has to go. */
	AGE_EXACT,
	/*
	 * The last segment with an ACK is that old, and it began the state or came later; or it is
	 * a TIME_WAIT whose timer is late.
	 */
	AGE_AT_LEAST,
};

struct inventory_socket {
	struct sock_row row;
	enum holder holder;
	enum age_kind age_kind; /* how long it has been in its state */
	uint32_t age_ms;
	/*
	 * UNACCEPTED, HANDSHAKE: the listeners that it may belong to, a stretch of the inventory's.
	 * Several share an address with SO_REUSEPORT; 0: not known.
	 */
	uint32_t n_listeners, first_listener;
	uint32_t n_owners;
	const struct owner *owners; /* of the inventory's table, by pid and fd */
	uint8_t shown; /* what the query asked for: others are only here as listeners, or gone */
};

struct inventory_query {
	unsigned states; /* 1 << ST_x; SOCK_DIAG_ALL */
	uint16_t port;   /* local or remote; 0 any */
	int unconnected; /* and the descriptors of sockets that are in no list: see owners */
};

struct inventory {
	struct inventory_query query;
	ARRAY(struct inventory_socket) sockets;
	ARRAY(uint32_t) full;      /* indices of those that are no minisockets: mostly few */
	ARRAY(uint32_t) listeners; /* indices; those of one address side by side */
	struct owner_table *owners;
	int all_visible; /* owners_all_visible() */
};

/* Of the caller's namespace. 0, or -1 with err. */
int inventory_take(const struct inventory_query *q, struct inventory *ret, struct err *err);
void inventory_free(struct inventory *inv); /* its contents */

/* Do several processes hold it? Their owners are in the order of their numbers. */
static inline int inventory_is_shared(const struct inventory_socket *s)
{
	return s->n_owners > 1 && s->owners[0].pid != s->owners[s->n_owners - 1].pid;
}

/* The i-th of the listeners that this socket may belong to. */
static inline const struct inventory_socket *inventory_listener(
        const struct inventory *inv, const struct inventory_socket *s, uint32_t i)
{
	return &inv->sockets.v[inv->listeners.v[s->first_listener + i]];
}

#endif
