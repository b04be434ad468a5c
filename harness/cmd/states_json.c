/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `lastack states --json`. The shape is documented in docs/man/lastack-states.1; members may be
 * added to it, none is taken away or changes its meaning. Written by hand: a library's tree of a
 * hundred thousand objects takes longer than all the rest.
 */
#include "states.h"

#include <stdlib.h>

static const char *const timer_words[] = {"none", "retransmit", "keepalive", "timewait", "probe"};

static void field(struct out *o, const char *name, uint64_t value)
{
	out_str(o, ",\"");
	out_str(o, name);
	out_str(o, "\":");
	out_u64(o, value);
}

static void print_endpoint(struct out *o, const char *name, const struct endpoint *e)
{
	out_str(o, ",\"");
	out_str(o, name);
	out_str(o, "\":{\"address\":\"");
	out_address(o, e);
	out_str(o, "\"");
	field(o, "port", e->port);
	out_str(o, "}");
}

static void print_owners(
        struct out *o, const struct inventory *inv, const struct inventory_socket *s, size_t most)
{
	const struct owner *w = s->owners;

	out_str(o, "[");
	for (size_t i = 0; i < s->n_owners && i < most; i++) {
		out_str(o, i ? ",{\"pid\":" : "{\"pid\":");
		out_u64(o, (uint64_t)w[i].pid);
		field(o, "fd", (uint64_t)w[i].fd);
		out_str(o, ",\"command\":");
		out_json(o, owner_table_command(inv->owners, w[i].pid));
		out_str(o, "}");
	}
	out_str(o, "]");
}

static void print_timer(struct out *o, const struct sock_row *r)
{
	out_str(o, ",\"timer\":");
	if (!r->timer || r->timer >= sizeof timer_words / sizeof *timer_words) {
		out_str(o, "null");
		return;
	}
	out_str(o, "{\"kind\":\"");
	out_str(o, timer_words[r->timer]);
	out_str(o, "\"");
	field(o, "expires_ms", r->expires_ms);
	field(o, "retransmits", r->retrans);
	out_str(o, "}");
}

static void print_age(struct out *o, const struct inventory_socket *s)
{
	if (s->age_kind == AGE_UNKNOWN) {
		out_str(o, ",\"age\":null");
		return;
	}
	out_str(o, ",\"age\":{\"ms\":");
	out_u64(o, s->age_ms);
	out_str(o, s->age_kind == AGE_EXACT ? ",\"exact\":true}" : ",\"exact\":false}");
}

/* One, or each that it may be. */
static void print_listeners(
        struct out *o, const struct inventory *inv, const struct inventory_socket *s)
{
	if (!s->n_listeners)
		return;
	out_str(o, s->n_listeners > 1 ? ",\"listener\":null,\"listeners\":[" : ",\"listener\":");
	for (uint32_t i = 0; i < s->n_listeners && i < MOST_LISTENERS; i++) {
		const struct inventory_socket *l = inventory_listener(inv, s, i);

		out_str(o, i ? ",{\"cookie\":" : "{\"cookie\":");
		out_u64(o, l->row.cookie);
		out_str(o, ",\"owners\":");
		print_owners(o, inv, l, s->n_listeners > 1 ? MOST_OWNERS : l->n_owners);
		out_str(o, "}");
	}
	if (s->n_listeners > 1) {
		out_str(o, "]");
		field(o, "n_listeners", s->n_listeners);
	}
}

static void print_socket(
        struct out *o, const struct inventory *inv, const struct inventory_socket *s)
{
	const struct sock_row *r = &s->row;

	out_str(o, "{\"state\":\"");
	out_str(o, tcp_state_name(r->state));
	out_str(o, "\"");
	field(o, "family", r->tuple.local.family == AF_INET6 ? 6 : 4);
	print_endpoint(o, "local", &r->tuple.local);
	print_endpoint(o, "remote", &r->tuple.remote);
	field(o, "recv_q", r->rqueue);
	field(o, "send_q", r->wqueue);
	print_timer(o, r);
	print_age(o, s);
	field(o, "uid", r->uid);
	field(o, "inode", r->inode);
	field(o, "cookie", r->cookie);
	out_str(o, ",\"held_by\":\"");
	out_str(o, holder_words[s->holder]);
	out_str(o, "\",\"owners\":");
	print_owners(o, inv, s, s->n_owners);
	print_listeners(o, inv, s);
	out_str(o, "}");
}

static unsigned sum_of(const unsigned count[ST_COUNT])
{
	unsigned sum = 0;

	for (int st = 0; st < ST_COUNT; st++)
		sum += count[st];
	return sum;
}

static void print_groups(struct out *o, const states_groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct states_group *x = &g->v[i];
		const char *comma = "";

		out_str(o, i ? ",\n{\"program\":" : "\n{\"program\":");
		out_json(o, x->name);
		out_str(o, ",\"held_by\":\"");
		out_str(o, holder_words[x->holder]);
		out_str(o, "\"");
		field(o, "processes", x->processes);
		field(o, "sockets", x->total);
		field(o, "shared", sum_of(x->shared));
		out_str(o, ",\"states\":{");
		for (int st = 0; st < ST_COUNT; st++) {
			if (!x->count[st])
				continue;
			out_printf(o, "%s\"%s\":%u", comma, tcp_state_name((enum tcp_state)st),
			        x->count[st]);
			comma = ",";
		}
		out_str(o, "}}");
	}
}

static void print_unconnected(struct out *o, const struct inventory *inv)
{
	struct states_unconnected u;
	const char *comma = "";

	for (size_t at = 0; states_unconnected(inv, &at, &u); comma = ",") {
		out_str(o, comma);
		out_str(o, "\n{\"pid\":");
		out_u64(o, (uint64_t)u.pid);
		out_str(o, ",\"command\":");
		out_json(o, owner_table_command(inv->owners, u.pid));
		field(o, "descriptors", u.descriptors);
		out_str(o, "}");
	}
}

static void print_hints(struct out *o, const struct inventory *inv, const states_groups *g)
{
	char *hints[MOST_HINTS];
	size_t n = states_hints(inv, g, hints, MOST_HINTS);

	for (size_t i = 0; i < n; i++) {
		out_str(o, i ? ",\n" : "\n");
		out_json(o, hints[i]);
		free(hints[i]);
	}
}

struct lines {
	const struct inventory *inv;
	const uint32_t *order;
};

static void print_nth(struct out *o, size_t i, const void *arg)
{
	const struct lines *l = arg;

	out_str(o, i ? "," : "");
	out_line(o);
	print_socket(o, l->inv, &l->inv->sockets.v[l->order[i]]);
}

void states_print_json(struct out *o, const struct inventory *inv, const char *where)
{
	states_groups g = states_summary(inv);
	size_t n;
	uint32_t *order = states_order(inv, &n);
	struct lines lines = {inv, order};

	out_str(o, "{\"format\":\"lastack-states/1\",\"namespace\":");
	out_json(o, where);
	out_str(o, ",\"all_processes_visible\":");
	out_str(o, inv->all_visible ? "true" : "false");
	out_str(o, ",\n\"sockets\":[");
	out_many(o, n, print_nth, &lines);
	out_str(o, "],\n\"programs\":[");
	print_groups(o, &g);
	out_str(o, "],\n\"unconnected\":[");
	print_unconnected(o, inv);
	out_str(o, "],\n\"hints\":[");
	print_hints(o, inv, &g);
	out_str(o, "]}\n");
	free(order);
	array_free(&g);
}
