/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what the well-known cases mean. */
#include "states_hints.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hint(struct hints *h, const char *fmt, ...)
{
	va_list ap;

	if (h->n == h->max)
		return;
	va_start(ap, fmt);
	if (vasprintf(&h->v[h->n], fmt, ap) < 0)
		h->v[h->n] = must(NULL);
	h->n++;
	va_end(ap);
}

static void hint_of_program(struct hints *h, const struct states_group *g)
{
	unsigned close_wait = g->count[ST_CLOSE_WAIT] - g->shared[ST_CLOSE_WAIT];

	if (close_wait)
		hint(h,
		        "CLOSE_WAIT: the peers of %u connection%s have closed and %s has not. Only "
		        "its own close() ends them: no sysctl does, and time does not either.",
		        close_wait, close_wait == 1 ? "" : "s", g->name);
	if (g->count[ST_FIN_WAIT_2] > g->shared[ST_FIN_WAIT_2])
		hint(h,
		        "FIN_WAIT_2 held by %s: it shut down its half and keeps the descriptor, so "
		        "no timer runs. They end when the peer closes, or when %s does.",
		        g->name, g->name);
	if (g->again[ST_SYN_SENT] >= SEVERAL)
		hint(h,
		        "SYN_SENT of %s: the peers of %u connections do not answer. The SYN is "
		        "sent "
		        "again net.ipv4.tcp_syn_retries times, then connect() fails with "
		        "ETIMEDOUT.",
		        g->name, g->again[ST_SYN_SENT]);
}

static void hint_of_handshakes(struct hints *h, const struct states_group *g)
{
	if (g->again[ST_SYN_RECV] >= SEVERAL)
		hint(h,
		        "SYN_RECV %s: %u SYN-ACKs were sent again. The last ACK did not come, or "
		        "met a full accept queue, or TCP_DEFER_ACCEPT waits for data. They are "
		        "forgotten after net.ipv4.tcp_synack_retries.",
		        g->name, g->again[ST_SYN_RECV]);
}

static void hint_of_orphans(struct hints *h, const struct states_group *g)
{
	static const enum tcp_state waiting[] = {ST_FIN_WAIT_1, ST_CLOSING, ST_LAST_ACK};

	for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
		if (g->again[waiting[i]] >= SEVERAL)
			hint(h,
			        "%s without a program: the peers of %u connections do not "
			        "acknowledge, or not take, what is left with our FIN. It is sent "
			        "again at growing intervals, until the kernel gives up by "
			        "net.ipv4.tcp_orphan_retries (0 acts as 8).",
			        tcp_state_name(waiting[i]), g->again[waiting[i]]);
}

static void hint_of_group(struct hints *h, const struct states_group *g)
{
	switch (g->holder) {
	case HELD_BY_PROGRAM:
		hint_of_program(h, g);
		break;
	case HELD_BY_UNACCEPTED:
		hint(h,
		        "%s: %u connection%s that no accept() has taken: the program is stuck, or "
		        "too slow.",
		        g->name, g->total, g->total == 1 ? "" : "s");
		break;
	case HELD_BY_MINISOCKET:
		if (g->count[ST_FIN_WAIT_2])
			hint(h, "FIN_WAIT_2 without a program: the peer has not closed. They end "
			        "after net.ipv4.tcp_fin_timeout.");
		if (g->count[ST_TIME_WAIT] >= 1000)
			hint(h, "TIME_WAIT: they hold no descriptor and end after 60 s, which no "
			        "sysctl changes. They harm only when the ports towards one "
			        "address run out.");
		break;
	case HELD_BY_ORPHAN:
		hint_of_orphans(h, g);
		break;
	case HELD_BY_HANDSHAKE:
		hint_of_handshakes(h, g);
		break;
	case HELD_BY_UNHELD:
	case HELD_BY_HIDDEN:
	case HELD_BY_KERNEL:
	case HELD_BY_UNSEEN:
	case HOLDER_COUNT:
		break;
	}
}

/* A listener's queue holds at most its backlog and one. */
static void hint_of_full_queues(struct hints *h, const struct inventory *inv)
{
	array_each (uint32_t, at, &inv->full) {
		const struct inventory_socket *s = &inv->sockets.v[*at];
		const struct sock_row *r = &s->row;

		if (s->shown && r->state == ST_LISTEN && r->rqueue > r->wqueue)
			hint(h,
			        "the listener on port %u has a full queue (%u waiting, backlog "
			        "%u): new connections are dropped.",
			        r->tuple.local.port, r->rqueue, r->wqueue);
	}
}

static void hint_of_ports(struct hints *h, const struct inventory *inv)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	struct port_pressure p;

	if (!states_port_pressure(inv, &p))
		return;
	endpoint_format(&p.local, local, sizeof local);
	local[strlen(local) - strlen(":0")] = '\0';
	hint(h,
	        "Ports: %u of the %u from %s to %s are taken, %u by TIME_WAIT. Past half of them "
	        "each connect() searches longer, and when none is left it fails with "
	        "EADDRNOTAVAIL.",
	        p.taken, p.range, local, endpoint_format(&p.remote, remote, sizeof remote),
	        p.time_wait);
}

/* Who asks for CLOSE wants to know of each. */
static void hint_of_unconnected(struct hints *h, const struct inventory *inv)
{
	unsigned least = inv->query.states & 1u << ST_BOUND_INACTIVE ? 1 : SEVERAL;
	struct states_unconnected u;

	for (size_t at = 0; states_unconnected(inv, &at, &u);)
		if (u.descriptors >= least)
			hint(h,
			        "CLOSE: %u descriptor%s of %d/%s %s TCP without a connection, "
			        "which no list shows: reset or never connected, and not closed.",
			        u.descriptors, u.descriptors == 1 ? "" : "s", (int)u.pid,
			        owner_table_command(inv->owners, u.pid),
			        u.descriptors == 1 ? "is" : "are");
}

size_t states_hints(
        const struct inventory *inv, const states_groups *groups, char *hints[], size_t max)
{
	struct hints h = {hints, 0, max};

	array_each (struct states_group, g, groups)
		hint_of_group(&h, g);
	hint_of_shared(&h, inv, groups);
	hint_of_unconnected(&h, inv);
	hint_of_full_queues(&h, inv);
	hint_of_ports(&h, inv);
	return h.n;
}
