/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts sockets by program and state, and puts them into order. */
#include "states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As people look for them: what listens, what lives, what ends and on whose account. */
const enum tcp_state states_shown_order[ST_COUNT] = {ST_LISTEN, ST_BOUND_INACTIVE, ST_SYN_SENT,
        ST_SYN_RECV, ST_NEW_SYN_RECV, ST_ESTABLISHED, ST_CLOSE_WAIT, ST_LAST_ACK, ST_FIN_WAIT_1,
        ST_FIN_WAIT_2, ST_CLOSING, ST_TIME_WAIT, ST_CLOSE, ST_NONE};

/* So many a person may look through: these are sorted by address, and so easier to compare. */
#define READABLE 10000

static int by_end(const struct endpoint *a, const struct endpoint *b)
{
	int d = memcmp(a->addr, b->addr, sizeof a->addr);

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return d ? d : (a->port > b->port) - (a->port < b->port);
}

static int by_tuple(const void *va, const void *vb, void *inventory)
{
	const uint32_t *a = va, *b = vb;
	const struct inventory *inv = inventory;
	const struct tuple *ta = &inv->sockets.v[*a].row.tuple;
	const struct tuple *tb = &inv->sockets.v[*b].row.tuple;
	int d = by_end(&ta->local, &tb->local);

	return d ? d : by_end(&ta->remote, &tb->remote);
}

uint32_t *states_order(const struct inventory *inv, size_t *ret_n)
{
	size_t count[ST_COUNT] = {0}, start[ST_COUNT], at = 0;
	uint32_t *order;

	array_each (struct inventory_socket, s, &inv->sockets) {
		count[s->row.state] += s->shown;
	}
	for (size_t i = 0; i < ST_COUNT; i++) {
		start[states_shown_order[i]] = at;
		at += count[states_shown_order[i]];
	}
	order = must(calloc(at + 1, sizeof *order));
	for (uint32_t i = 0; i < inv->sockets.n; i++) {
		const struct inventory_socket *s = &inv->sockets.v[i];

		if (s->shown)
			order[start[s->row.state]++] = i;
	}
	for (int st = 0; at <= READABLE && st < ST_COUNT; st++)
		if (count[st]) /* `start` is past its end by now */
			qsort_r(order + start[st] - count[st], count[st], sizeof *order, by_tuple,
			        (void *)inv);
	*ret_n = at;
	return order;
}

static struct states_group *group_named(states_groups *g, const char *name, enum holder holder)
{
	struct states_group new = {.holder = holder};

	array_each (struct states_group, old, g) {
		if (old->holder == holder && !strcmp(old->name, name))
			return old;
	}
	snprintf(new.name, sizeof new.name, "%s", name);
	array_push(g, new);
	return &g->v[g->n - 1];
}

static void count_in(struct states_group *g, const struct sock_row *row)
{
	g->total++;
	g->count[row->state]++;
	g->again[row->state] += row->retrans > 0;
	g->recv_waiting += row->state != ST_LISTEN && row->rqueue > 0;
}

static void count_program(states_groups *g, const char *name, const struct inventory_socket *s)
{
	struct states_group *x = group_named(g, name, HELD_BY_PROGRAM);

	count_in(x, &s->row);
	x->shared[s->row.state] += inventory_is_shared(s);
}

/* A socket that several processes of one program hold is one socket of that program. */
static void count_owned(
        states_groups *g, const struct inventory *inv, const struct inventory_socket *s)
{
	const struct owner *o = s->owners;
	const char *last = NULL;

	for (size_t i = 0; i < s->n_owners; i++) {
		const char *command = owner_table_command(inv->owners, o[i].pid);
		int seen = last && !strcmp(last, command);

		for (size_t k = 0; !seen && k < i; k++)
			seen = !strcmp(owner_table_command(inv->owners, o[k].pid), command);
		if (!seen)
			count_program(g, command, s);
		last = command;
	}
}

/* The programs that may have to accept it: two by name. */
struct acceptors {
	const char *name[2];
	int more;
};

static void add_acceptor(struct acceptors *a, const char *name)
{
	for (size_t i = 0; i < 2; i++) {
		if (!a->name[i])
			a->name[i] = name;
		if (!strcmp(a->name[i], name))
			return;
	}
	a->more = 1;
}

static struct acceptors acceptors_of(const struct inventory *inv, const struct inventory_socket *s)
{
	struct acceptors a = {0};

	for (uint32_t i = 0; i < s->n_listeners; i++) {
		const struct inventory_socket *l = inventory_listener(inv, s, i);

		for (uint32_t k = 0; k < l->n_owners; k++)
			if (!k || l->owners[k].pid != l->owners[k - 1].pid)
				add_acceptor(
				        &a, owner_table_command(inv->owners, l->owners[k].pid));
	}
	return a;
}

static void count_unaccepted(
        states_groups *g, const struct inventory *inv, const struct inventory_socket *s)
{
	struct acceptors a = acceptors_of(inv, s);
	const char *word = holder_words[s->holder];
	char name[sizeof g->v->name];

	if (!a.name[0])
		snprintf(name, sizeof name, "(%s)", word);
	else if (!a.name[1])
		snprintf(name, sizeof name, "(%s by %s)", word, a.name[0]);
	else if (!a.more)
		snprintf(name, sizeof name, "(%s by %s or %s)", word, a.name[0], a.name[1]);
	else
		snprintf(
		        name, sizeof name, "(%s by %s, %s or another)", word, a.name[0], a.name[1]);
	count_in(group_named(g, name, s->holder), &s->row);
}

static void count_holder(
        states_groups *g, size_t of_holder[HOLDER_COUNT], const struct inventory_socket *s)
{
	char name[40];

	if (!of_holder[s->holder]) { /* these are many: their group is looked up once */
		snprintf(name, sizeof name, "(%s)", holder_words[s->holder]);
		of_holder[s->holder] = (size_t)(group_named(g, name, s->holder) - g->v) + 1;
	}
	count_in(&g->v[of_holder[s->holder] - 1], &s->row);
}

static int by_total(const void *va, const void *vb)
{
	const struct states_group *a = va, *b = vb;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int by_number(const void *va, const void *vb)
{
	const pid_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static void count_processes(states_groups *g, const struct inventory *inv)
{
	ARRAY(pid_t) pids = {0};

	array_each (uint32_t, at, &inv->full) {
		const struct inventory_socket *s = &inv->sockets.v[*at];

		if (!s->shown || s->holder != HELD_BY_PROGRAM)
			continue;
		for (size_t i = 0; i < s->n_owners; i++)
			if (!pids.n || pids.v[pids.n - 1] != s->owners[i].pid)
				array_push(&pids, s->owners[i].pid);
	}
	if (pids.n)
		qsort(pids.v, pids.n, sizeof *pids.v, by_number);
	for (size_t i = 0; i < pids.n; i++)
		if (!i || pids.v[i] != pids.v[i - 1])
			group_named(g, owner_table_command(inv->owners, pids.v[i]), HELD_BY_PROGRAM)
			        ->processes++;
	array_free(&pids);
}

int states_unconnected(const struct inventory *inv, size_t *at, struct states_unconnected *ret)
{
	size_t n;
	const struct owner *o = owner_table_unconnected(inv->owners, &n);

	if (!inv->query.unconnected || *at >= n)
		return 0;
	*ret = (struct states_unconnected){o[*at].pid, 0};
	for (; *at < n && o[*at].pid == ret->pid; ++*at)
		ret->descriptors++;
	return 1;
}

states_groups states_summary(const struct inventory *inv)
{
	size_t of_holder[HOLDER_COUNT] = {0};
	states_groups g = {0};

	array_each (struct inventory_socket, s, &inv->sockets) {
		if (!s->shown)
			continue;
		if (s->holder == HELD_BY_PROGRAM)
			count_owned(&g, inv, s);
		else if (s->holder == HELD_BY_UNACCEPTED || s->holder == HELD_BY_HANDSHAKE)
			count_unaccepted(&g, inv, s);
		else
			count_holder(&g, of_holder, s);
	}
	count_processes(&g, inv);
	if (g.n)
		qsort(g.v, g.n, sizeof *g.v, by_total);
	return g;
}
