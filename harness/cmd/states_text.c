/* SPDX-License-Identifier: BSD-2-Clause */
/* `lastack states` for people: a line a socket, then counts by program. */
#include "states_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W_STATE = 14, W_QUEUE = 7, /* at least */ W_TIMER = 22, W_AGE = 16 };

static const char *const timer_words[] = {"-", "retransmit", "keepalive", "timewait", "probe"};

static void print_timer(struct out *o, const struct sock_row *r)
{
	if (!r->timer || r->timer >= sizeof timer_words / sizeof *timer_words) {
		out_str(o, "-");
		return;
	}
	out_str(o, timer_words[r->timer]);
	out_str(o, " ");
	out_ms(o, r->expires_ms);
	if (r->retrans) {
		out_str(o, " x");
		out_u64(o, r->retrans);
	}
}

static void print_age(struct out *o, const struct inventory_socket *s)
{
	switch (s->age_kind) {
	case AGE_UNKNOWN:
		out_str(o, "-");
		return;
	case AGE_AT_LEAST:
		out_str(o, ">= ");
		break;
	case AGE_EXACT:
		break;
	}
	out_ms(o, s->age_ms);
}

static void print_owners(
        struct out *o, const struct inventory *inv, const struct inventory_socket *s, size_t most)
{
	const struct owner *w = s->owners;

	for (size_t i = 0; i < s->n_owners && i < most; i++) {
		if (i && w[i].pid == w[i - 1].pid) { /* dup(): another descriptor */
			out_str(o, ",");
			out_u64(o, (uint64_t)w[i].fd);
			continue;
		}
		if (i)
			out_str(o, "  ");
		out_u64(o, (uint64_t)w[i].pid);
		out_str(o, "/");
		out_str(o, owner_table_command(inv->owners, w[i].pid));
		out_str(o, " fd ");
		out_u64(o, (uint64_t)w[i].fd);
	}
	if (s->n_owners > most)
		out_str(o, " ...");
}

static void print_holder(
        struct out *o, const struct inventory *inv, const struct inventory_socket *s)
{
	out_str(o, "(");
	out_str(o, holder_words[s->holder]);
	if (s->holder == HELD_BY_UNSEEN) {
		out_str(o, ", uid ");
		out_u64(o, s->row.uid);
	}
	out_str(o, ")");
	for (uint32_t i = 0; i < s->n_listeners && i < MOST_LISTENERS; i++) {
		const struct inventory_socket *l = inventory_listener(inv, s, i);

		out_str(o, i ? " or " : " of ");
		if (l->n_owners)
			print_owners(o, inv, l, s->n_listeners > 1 ? MOST_OWNERS : l->n_owners);
		else
			out_endpoint(o, &l->row.tuple.local);
	}
	if (s->n_listeners > MOST_LISTENERS)
		out_printf(o, " or %u more", s->n_listeners - MOST_LISTENERS);
}

struct widths {
	size_t queue, local, remote;
};

static void print_socket(struct out *o, const struct inventory *inv,
        const struct inventory_socket *s, const struct widths *w)
{
	size_t at = o->n;

	out_str(o, tcp_state_name(s->row.state));
	out_pad(o, at, W_STATE);
	out_u64_right(o, s->row.rqueue, w->queue);
	out_u64_right(o, s->row.wqueue, w->queue);
	out_str(o, "  ");
	at = o->n;
	out_endpoint(o, &s->row.tuple.local);
	out_pad(o, at, w->local);
	at = o->n;
	out_endpoint(o, &s->row.tuple.remote);
	out_pad(o, at, w->remote);
	at = o->n;
	print_timer(o, &s->row);
	out_pad(o, at, W_TIMER);
	at = o->n;
	print_age(o, s);
	out_pad(o, at, W_AGE);
	at = o->n;
	if (s->holder == HELD_BY_PROGRAM)
		print_owners(o, inv, s, s->n_owners);
	else
		print_holder(o, inv, s);
	out_make_printable(o, at);
	out_line(o);
}

static size_t endpoint_width(const struct endpoint *e, struct out *scratch)
{
	scratch->n = 0;
	out_endpoint(scratch, e);
	return scratch->n;
}

/* The digits and a space. */
static size_t queue_width(const struct sock_row *r)
{
	uint64_t longest = r->rqueue > r->wqueue ? r->rqueue : r->wqueue;
	size_t n = 2;

	while (longest /= 10)
		n++;
	return n;
}

/* IPv4 columns have their full width; IPv6 addresses are measured, for few have all their digits.
 */
static struct widths measure(const struct inventory *inv, const uint32_t *order, size_t n)
{
	struct widths w = {W_QUEUE, 22, 22};
	struct out scratch = {0};

	for (size_t i = 0; i < n; i++) {
		const struct sock_row *r = &inv->sockets.v[order[i]].row;
		const struct tuple *t = &r->tuple;
		size_t width = queue_width(r);

		if (width > w.queue)
			w.queue = width;
		if (t->local.family != AF_INET6)
			continue;
		width = endpoint_width(&t->local, &scratch) + 1;
		if (width > w.local)
			w.local = width;
		width = endpoint_width(&t->remote, &scratch) + 1;
		if (width > w.remote)
			w.remote = width;
	}
	free(scratch.v);
	return w;
}

static void print_heading(struct out *o, const struct widths *w, int colour)
{
	out_str(o, colour ? DIM : "");
	out_printf(o, "%-*s%*s%*s  %-*s%-*s%-*s%-*s%s", W_STATE, "STATE", (int)w->queue, "RECV-Q",
	        (int)w->queue, "SEND-Q", (int)w->local, "LOCAL", (int)w->remote, "REMOTE", W_TIMER,
	        "TIMER", W_AGE, "AGE", "OWNER");
	out_str(o, colour ? RESET : "");
	out_line(o);
}

struct lines {
	const struct inventory *inv;
	const uint32_t *order;
	struct widths widths;
};

static void print_nth(struct out *o, size_t i, const void *arg)
{
	const struct lines *l = arg;

	print_socket(o, l->inv, &l->inv->sockets.v[l->order[i]], &l->widths);
}

static void print_sockets(struct out *o, const struct inventory *inv, int colour)
{
	size_t n;
	uint32_t *order = states_order(inv, &n);
	struct lines lines = {inv, order, measure(inv, order, n)};

	print_heading(o, &lines.widths, colour);
	out_many(o, n, print_nth, &lines);
	if (!n) {
		out_str(o, "no such socket here");
		out_line(o);
	}
	free(order);
}

static void print_hints(
        struct out *o, const struct inventory *inv, const states_groups *g, int colour)
{
	char *hints[MOST_HINTS];
	size_t n = states_hints(inv, g, hints, MOST_HINTS);

	if (n)
		out_line(o);
	for (size_t i = 0; i < n; i++) {
		size_t at;

		out_str(o, colour ? YELLOW : "");
		at = o->n;
		out_str(o, hints[i]);
		out_make_printable(o, at);
		out_str(o, colour ? RESET : "");
		out_line(o);
		free(hints[i]);
	}
}

void states_print_text(struct out *o, const struct inventory *inv, int colour)
{
	states_groups g = states_summary(inv);

	print_sockets(o, inv, colour);
	if (g.n)
		states_print_groups(o, &g, colour);
	print_hints(o, inv, &g, colour);
	array_free(&g);
}
