/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of connections that several processes hold: none of them ends these alone. */
#include "states_hints.h"

#include <stdio.h>
#include <string.h>

/* Sockets in one state that the same processes hold together. */
struct sharing {
	const struct inventory_socket *one; /* of them */
	unsigned n;
};

typedef ARRAY(struct sharing) sharings;

/* The next owner that is another process. */
static uint32_t next_process(const struct inventory_socket *s, uint32_t i)
{
	pid_t pid = s->owners[i].pid;

	while (i < s->n_owners && s->owners[i].pid == pid)
		i++;
	return i;
}

static int same_processes(const struct inventory_socket *a, const struct inventory_socket *b)
{
	uint32_t i = 0, k = 0;

	while (i < a->n_owners && k < b->n_owners && a->owners[i].pid == b->owners[k].pid) {
		i = next_process(a, i);
		k = next_process(b, k);
	}
	return i == a->n_owners && k == b->n_owners;
}

/* Each is compared with a few: where there are more than are told of, the rest is not told. */
static void add_sharing(sharings *all, const struct inventory_socket *s)
{
	array_each (struct sharing, x, all) {
		if (x->one->row.state != s->row.state || !same_processes(x->one, s))
			continue;
		x->n++;
		return;
	}
	if (all->n < MOST_HINTS)
		array_push(all, ((struct sharing){s, 1}));
}

#define MOST_NAMED 4

static const char *name_processes(
        const struct inventory *inv, const struct inventory_socket *s, char *buf, size_t size)
{
	unsigned n = 0;

	*buf = '\0';
	for (uint32_t i = 0; i < s->n_owners; i = next_process(s, i)) {
		size_t used = strlen(buf);

		if (n++ < MOST_NAMED)
			snprintf(buf + used, size - used, "%s%d/%s", used ? ", " : "",
			        (int)s->owners[i].pid,
			        owner_table_command(inv->owners, s->owners[i].pid));
	}
	if (n > MOST_NAMED)
		snprintf(buf + strlen(buf), size - strlen(buf), " and %u more", n - MOST_NAMED);
	return buf;
}

static void hint_of_sharing(struct hints *h, const struct inventory *inv, const struct sharing *x)
{
	char who[MOST_NAMED * 32 + 32];

	name_processes(inv, x->one, who, sizeof who);
	if (x->one->row.state == ST_CLOSE_WAIT)
		hint(h,
		        "CLOSE_WAIT: the peers of %u connection%s have closed, and several "
		        "processes hold %s: %s. All of them have to close: none ends %s alone, no "
		        "sysctl does, and time does not either.",
		        x->n, x->n == 1 ? "" : "s", x->n == 1 ? "it" : "them", who,
		        x->n == 1 ? "it" : "them");
	else
		hint(h,
		        "FIN_WAIT_2: %u connection%s shut down by one of several processes that "
		        "hold %s: %s. No timer runs. It takes the peer's close(), or that of all "
		        "of them.",
		        x->n, x->n == 1 ? "" : "s", x->n == 1 ? "it" : "them", who);
}

static int any_shared(const states_groups *groups)
{
	array_each (struct states_group, g, groups) {
		if (g->shared[ST_CLOSE_WAIT] || g->shared[ST_FIN_WAIT_2])
			return 1;
	}
	return 0;
}

void hint_of_shared(struct hints *h, const struct inventory *inv, const states_groups *groups)
{
	sharings all = {0};

	if (!any_shared(groups))
		return;
	array_each (uint32_t, at, &inv->full) {
		const struct inventory_socket *s = &inv->sockets.v[*at];

		if (s->shown && inventory_is_shared(s) &&
		        (s->row.state == ST_CLOSE_WAIT || s->row.state == ST_FIN_WAIT_2))
			add_sharing(&all, s);
	}
	array_each (struct sharing, x, &all)
		hint_of_sharing(h, inv, x);
	array_free(&all);
}
