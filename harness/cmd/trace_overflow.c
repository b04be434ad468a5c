/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_overflow.h"

#include "core/clock.h"
#include "observe/snmp.h"
#include "observe/sock_diag.h"

#include <stdlib.h>
#include <string.h>

#define COUNTER "TcpExt.ListenOverflows"

struct trace_overflows {
	struct sock_diag *diag;
	int64_t known; /* of the counter: before the beginning, seen, taken */
	int64_t now;
};

static int64_t counter(int64_t otherwise)
{
	struct err err;
	struct snmp *s = snmp_read(&err);
	int known = 0;
	int64_t n = s ? snmp_get(s, COUNTER, &known) : 0;

	snmp_free(s);
	return known ? n : otherwise;
}

struct trace_overflows *trace_overflows_new(struct err *err)
{
	struct sock_diag *diag = sock_diag_open(err);
	struct trace_overflows *o;

	if (!diag)
		return NULL;
	o = must(calloc(1, sizeof *o));
	o->diag = diag;
	o->known = o->now = counter(0);
	return o;
}

void trace_overflows_free(struct trace_overflows *o)
{
	if (!o)
		return;
	sock_diag_close(o->diag);
	free(o);
}

/* More known than there were: the counter was read before the record of one of them. */
void trace_overflows_look(struct trace_overflows *o)
{
	o->now = counter(o->now);
	if (o->known > o->now)
		o->known = o->now;
}

void trace_overflows_seen(struct trace_overflows *o)
{
	o->known++;
}

/* The full listeners: how many, and the last of them. */
struct full {
	unsigned n;
	struct sock_row row;
};

/* Of a listener, rqueue is the length of the accept queue and wqueue its limit. */
static void on_listener(void *arg, const struct sock_row *row)
{
	struct full *f = arg;

	if (row->rqueue <= row->wqueue)
		return;
	f->n++;
	f->row = *row;
}

int trace_overflows_take(struct trace_overflows *o, struct event *ret)
{
	struct full full = {0};
	struct err err;

	if (o->now <= o->known)
		return 0;
	memset(ret, 0, sizeof *ret);
	ret->t_ns = clock_now_ns();
	ret->kind = EV_KERNEL;
	ret->source = SRC_SNMP;
	ret->host = HOST_CLIENT;
	ret->kernel.deed = KERNEL_OVERFLOW;
	ret->kernel.state = ST_LISTEN;
	ret->kernel.count = (uint32_t)(o->now - o->known);
	o->known = o->now;
	if (!sock_diag_dump(o->diag, 1u << ST_LISTEN, on_listener, &full, &err) && full.n == 1) {
		ret->tuple = full.row.tuple;
		ret->cookie = full.row.cookie;
	}
	return 1;
}
