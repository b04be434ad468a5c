/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: what must be so on which host, and when. */
#include "yaml_expect.h"

#include "model/range.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PATH 64

static int read_within(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_duration(r, n, &((struct step *)step)->within_ns);
}

static int read_for(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_duration(r, n, &((struct step *)step)->for_ns);
}

static int read_after(struct reader *r, const yaml_node_t *n, void *step)
{
	((struct step *)step)->has_after = 1;
	return value_duration(r, n, &((struct step *)step)->after_ns);
}

static int read_kernel(struct reader *r, const yaml_node_t *n, void *step)
{
	return value_kernel(r, n, &((struct step *)step)->kernel);
}

struct expectation *wish_add(
        struct wish *w, const yaml_node_t *at, const char *kind, const char *key)
{
	struct expectation x = {
	        .at = node_mark(at), .kind = kind, .host = w->host, .key = must(strdup(key))};

	array_push(&w->step->expectations, x);
	return &w->step->expectations.v[w->step->expectations.n - 1];
}

static int path_pair(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct path_state *p = into;

	if (p->has_stay)
		return reader_fail(r, at, "one state at a time, expected {TIME_WAIT: 60s}");
	p->has_stay = 1;
	if (value_state(r, at, key, &p->state) || value_stay(r, value, &p->stay))
		return -1;
	if (range_is_of_fin(&p->stay) && p->state != ST_FIN_WAIT_1 && p->state != ST_LAST_ACK)
		return reader_fail(
		        r, value, "only FIN_WAIT_1 and LAST_ACK wait for a FIN to be acknowledged");
	return 0;
}

static int path_item(struct reader *r, const yaml_node_t *n, void *into)
{
	struct expectation *x = into;
	struct path_state p = {.state = ST_NONE};
	const char *word;

	if (n->type == YAML_MAPPING_NODE) {
		if (node_pairs(r, n, "a state and its time", path_pair, &p))
			return -1;
		if (!p.has_stay)
			return reader_fail(r, n, "an empty map, expected {TIME_WAIT: 60s}");
	} else {
		word = node_word(r, n, "a state");
		if (!word || value_state(r, n, word, &p.state))
			return -1;
	}
	array_push(&x->path, p);
	return 0;
}

static int read_path(struct reader *r, const yaml_node_t *n, struct expectation *x)
{
	char d[QUOTED_TEXT];

	if (n->type != YAML_SEQUENCE_NODE)
		return reader_fail(
		        r, n, "expected a list of states, not %s", node_describe(n, d, sizeof d));
	return node_list(r, n, MOST_PATH, "states", path_item, x);
}

/* "TcpExt.TWRecycled" */
static int check_counter(struct reader *r, const yaml_node_t *at, const char *key)
{
	const char *dot = strchr(key, '.');
	char w[QUOTED_TEXT];

	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && c != dot)
			dot = NULL;
	if (!dot || dot == key || !dot[1] || strlen(key) >= 48)
		return reader_fail(r, at,
		        "%s is no name of a counter, expected one like TcpExt.TWRecycled",
		        quoted(key, w, sizeof w));
	return 0;
}

/* Populations and the like count sockets in the kernel's table, and a closed one is not in it. */
static int read_state_key(
        struct reader *r, const yaml_node_t *at, const char *key, enum tcp_state *ret)
{
	if (value_state(r, at, key, ret))
		return -1;
	if (*ret == ST_CLOSE)
		return reader_fail(r, at, "a closed socket is in no table, expected another state");
	return 0;
}

static int read_remaining(struct reader *r, const yaml_node_t *n, struct range *ret)
{
	if (value_durations(r, n, ret))
		return -1;
	if (ret->kind == RANGE_TIMER)
		return reader_fail(
		        r, n, "a timer's remaining time is never exact, expected \"59s .. 60s\"");
	return 0;
}

/* ESTAB is another word for ESTABLISHED: what is wished of a state is wished once. */
static int check_once(struct reader *r, const yaml_node_t *at, const char *key,
        const struct step *step, const struct expectation *x)
{
	char w[QUOTED_TEXT];

	for (const struct expectation *y = step->expectations.v; y < x; y++)
		if (y->state == x->state && y->host == x->host && !strcmp(y->kind, x->kind))
			return reader_fail(r, at, "%s is there twice, first in line %u",
			        quoted(key, w, sizeof w), y->at.line);
	return 0;
}

/* What the keys of a map name: errnos and counters where the kind is about those, else states. */
static int map_key(struct reader *r, const char *key, const yaml_node_t *at, struct expectation *x)
{
	if (!strcmp(x->kind, "error"))
		return value_errno(r, at, key, &x->error);
	if (!strcmp(x->kind, "counter"))
		return check_counter(r, at, key);
	if (!strcmp(x->kind, "conntrack"))
		return value_conntrack(r, at, key, &x->conntrack);
	return read_state_key(r, at, key, &x->state);
}

/* One key of a map like `errors`, `counters`, `timer`. */
static int map_wish(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct wish *w = into;
	struct expectation *x = wish_add(w, at, w->type->name, key);

	if (map_key(r, key, at, x) || (x->state != ST_NONE && check_once(r, at, key, w->step, x)))
		return -1;
	return w->type->durations ? read_remaining(r, value, &x->want)
	                          : value_range(r, value, &x->want);
}

static int typed_wish(
        struct reader *r, const yaml_node_t *at, const yaml_node_t *value, struct wish *w)
{
	const struct expectation_type *t = w->type;

	switch (t->shape) {
	case SHAPE_COUNT:
		return value_range(r, value, &wish_add(w, at, t->name, t->key)->want);
	case SHAPE_MAP:
		return node_pairs(r, value, t->help, map_wish, w);
	case SHAPE_PATH:
		return read_path(r, value, wish_add(w, at, t->name, t->key));
	case SHAPE_ORDER:
	case SHAPE_GAPS:
		break;
	}
	return -1;
}

static const struct expectation_type *type_by_key(const char *key)
{
	for (const struct expectation_type *const *t = expectation_types; *t; t++)
		if ((*t)->key && !(*t)->of_wire && !strcmp((*t)->key, key))
			return *t;
	return NULL;
}

static int unknown_wish(struct reader *r, const yaml_node_t *at, const char *key)
{
	const char *names[ST_COUNT + 32];
	size_t n = state_names(names, ST_COUNT);

	for (const struct expectation_type *const *t = expectation_types; *t && n < LENGTH(names);
	        t++)
		if ((*t)->key && !(*t)->of_wire)
			names[n++] = (*t)->key;
	return reader_unknown(r, at, "state or expectation", key, names, n);
}

static int host_wish(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct wish *w = into;
	enum tcp_state state = tcp_state_parse(key);
	struct expectation *x;

	w->type = type_by_key(key);
	if (w->type)
		return typed_wish(r, at, value, w);
	if (state == ST_NONE)
		return unknown_wish(r, at, key);
	if (read_state_key(r, at, key, &state))
		return -1;
	x = wish_add(w, at, "population", tcp_state_name(state));
	x->state = state;
	return check_once(r, at, key, w->step, x) ? -1 : value_range(r, value, &x->want);
}

static int read_wishes(struct reader *r, const yaml_node_t *n, struct step *step, enum host host)
{
	struct wish w = {.step = step, .host = host};

	if (host == ACTOR_WIRE)
		return node_pairs(
		        r, n, "segments and their numbers, order or times", wire_wish, &w);
	return node_pairs(r, n, "what to expect of the host", host_wish, &w);
}

static int read_client(struct reader *r, const yaml_node_t *n, void *step)
{
	return read_wishes(r, n, step, HOST_CLIENT);
}

static int read_server(struct reader *r, const yaml_node_t *n, void *step)
{
	return read_wishes(r, n, step, HOST_SERVER);
}

static int read_router(struct reader *r, const yaml_node_t *n, void *step)
{
	return read_wishes(r, n, step, HOST_ROUTER);
}

static int read_wire(struct reader *r, const yaml_node_t *n, void *step)
{
	return read_wishes(r, n, step, ACTOR_WIRE);
}

const struct field expect_fields[] = {
        {"client", "a map", "what must be so on the client", read_client},
        {"server", "a map", "what must be so on the server", read_server},
        {"router", "a map", "what must be so on the router", read_router},
        {"wire", "a map",
                "which segments must have come to the wire: how many, in which order, how far "
                "apart",
                read_wire},
        {"within", "a duration",
                "wait at most so long for all of it to hold; default 2s, and what a path or gaps "
                "say that they take",
                read_within},
        {"for", "a duration", "it must hold all this time", read_for},
        {"after", "a duration", "begin to judge that long after the step before has ended",
                read_after},
        {"kernel", "\">= 6.14\" or \"< 6.11\"",
                "only such kernels do it: the run is skipped here on any other", read_kernel},
};
const size_t expect_fields_n = LENGTH(expect_fields);

int read_expect(struct reader *r, const yaml_node_t *n, void *into)
{
	const struct field_map m = {
	        .what = "an expectation", .fields = expect_fields, .n = LENGTH(expect_fields)};
	struct step *step = into;

	if (node_map(r, n, &m, step))
		return -1;
	if (!step->expectations.n)
		return reader_fail(
		        r, n, "it expects nothing, expected one like client: {TIME_WAIT: 1}");
	return 0;
}
