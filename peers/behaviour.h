/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer does with connections by itself: a row of behaviours.def, a file NAME.c each. */
#ifndef LASTACK_BEHAVIOUR_H
#define LASTACK_BEHAVIOUR_H

#include <stdbool.h>
#include <stdint.h>

struct conn;

/*
 * A hook that is NULL does nothing, except close: then it is conn_close. Hooks may end the
 * connection. None is called on a peer that holds.
 */
struct behaviour {
	bool never_accepts, never_reads;
	/* With never_reads: data has arrived. Such a peer finds end of file too, if it has this. */
	void (*on_arrival)(struct conn *c);
	void (*on_data)(struct conn *c, uint64_t bytes); /* so many were read just now */
	void (*on_eof)(struct conn *c);
	void (*on_reset)(struct conn *c); /* or another error that ended the connection */
	void (*on_sent)(struct conn *c);  /* nothing waits to be sent any more */
	void (*close)(struct conn *c);    /* it has been told to close */
};

#define BEHAVIOUR(name, on_eof, help) extern const struct behaviour behaviour_##name;
#include "behaviours.def"
#undef BEHAVIOUR

const struct behaviour *behaviour_find(const char *name); /* NULL when there is none */
void behaviour_print_list(void);

#endif
