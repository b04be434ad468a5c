/* SPDX-License-Identifier: BSD-2-Clause */
/* A timeline written as JSON lines: a header, then one event a line. */
#include "timeline_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *const event_kind_names[EV_COUNT] = {
        [EV_STEP] = "step",
        [EV_STATE] = "state",
        [EV_SOCKET] = "socket",
        [EV_SAMPLE] = "sample",
        [EV_SEGMENT] = "segment",
        [EV_PEER] = "peer",
        [EV_COUNTER] = "counter",
        [EV_OWNED] = "owned",
        [EV_KERNEL] = "kernel",
        [EV_CONNTRACK] = "conntrack",
        [EV_TICK] = "tick",
        [EV_NOTE] = "note",
        [EV_TROUBLE] = "trouble",
};

const char *const step_phase_names[STEP_PHASES] = {
        [STEP_BEGIN] = "begin",
        [STEP_HOLDS] = "holds",
        [STEP_FAILS] = "fails",
};

void timeline_free(struct timeline *t)
{
	array_free(&t->events);
}

/* Text may have been cut within a character: what is not UTF-8 becomes '?'. */
static json_t *text_json(const char *text)
{
	json_t *j = json_string(text);
	char *copy;

	if (j)
		return j;
	copy = must(strdup(text));
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	j = must(json_string(copy));
	free(copy);
	return j;
}

static void put(json_t *o, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(o, key, must(value)))
		must(NULL);
}

static void put_int(json_t *o, const char *key, uint64_t v)
{
	put(o, key, json_integer((json_int_t)v));
}

static void put_some(json_t *o, const char *key, uint64_t v)
{
	if (v)
		put_int(o, key, v);
}

static void put_name(json_t *o, const char *key, const char *name)
{
	put(o, key, json_string_nocheck(name));
}

static int finish(FILE *out, json_t *o)
{
	char *line = must(json_dumps(o, JSON_COMPACT));
	int failed = fputs(line, out) < 0 || putc('\n', out) < 0;

	free(line);
	json_decref(o);
	return failed ? -1 : 0;
}

int timeline_write_head(FILE *out, const struct timeline_head *h)
{
	json_t *o = must(json_object());
	json_t *had = must(json_array()), *set = must(json_array());
	char seed[24];

	snprintf(seed, sizeof seed, "%llu", (unsigned long long)h->seed);
	put_int(o, "timeline", TIMELINE_VERSION);
	put_int(o, "origin_ns", h->origin_ns);
	put_int(o, "hz", h->hz);
	put_int(o, "family", h->family);
	put_name(o, "seed", seed); /* 64 bits: more than a JSON number carries everywhere */
	put(o, "scenario", text_json(h->scenario));
	put(o, "kernel", text_json(h->kernel));
	put(o, "link", text_json(h->link));
	put(o, "congestion", text_json(h->congestion));
	for (int i = 0; i < SRC_COUNT; i++)
		if (h->observers & 1u << i)
			json_array_append_new(had, json_string(source_names[i]));
	put(o, "observers", had);
	for (unsigned i = 0; i < h->n_set; i++)
		json_array_append_new(set, text_json(h->set[i]));
	if (h->n_set)
		put(o, "set", json_incref(set));
	json_decref(set);
	if (*h->options)
		put(o, "options", text_json(h->options));
	return finish(out, o);
}

const char *timeline_set_value(const struct timeline_head *h, enum host host, const char *name)
{
	for (unsigned i = h->n_set; i > 0; i--) {
		const char *set = h->set[i - 1];
		size_t n = strlen(actor_names[host]), m = strlen(name);

		if (!strncmp(set, actor_names[host], n) && set[n] == ':' &&
		        !strncmp(set + n + 1, name, m) && set[n + 1 + m] == '=')
			return set + n + 1 + m + 1;
	}
	return NULL;
}

static void put_state(json_t *o, const struct timeline_head *h, const struct ev_state *s)
{
	put_name(o, "from", tcp_state_name(s->from));
	put_name(o, "to", tcp_state_name(s->to));
	put_int(o, "since", s->since_ns - h->origin_ns);
	if (s->inferred)
		put(o, "inferred", json_true());
	put_some(o, "pid", s->pid);
	put_some(o, "tid", s->tid);
	if (*s->command)
		put(o, "command", text_json(s->command));
	if (s->exiting)
		put(o, "exiting", json_true());
}

static void put_kernel(json_t *o, const struct ev_kernel *k)
{
	put_name(o, "deed", kernel_deed_names[k->deed]);
	put_name(o, "state", tcp_state_name(k->state));
	put_some(o, "timer_ns", k->timer_ns);
	put_some(o, "flags", k->flags);
	put_some(o, "seq", k->seq);
	put_some(o, "length", k->length);
	if (k->probe)
		put(o, "probe", json_true());
	put_some(o, "count", k->count);
	if (*k->reason)
		put(o, "reason", text_json(k->reason));
	put_some(o, "pid", k->pid);
	put_some(o, "tid", k->tid);
}

static void put_socket(json_t *o, const struct ev_socket *s)
{
	put_name(o, "state", tcp_state_name(s->state));
	put_some(o, "rqueue", s->rqueue);
	put_some(o, "wqueue", s->wqueue);
	put_some(o, "inode", s->inode);
	put_some(o, "timer", s->timer);
	put_some(o, "expires_ms", s->expires_ms);
	put_some(o, "retrans", s->retrans);
}

static void put_segment(json_t *o, const struct ev_segment *s)
{
	put_int(o, "number", s->number);
	put_int(o, "connection", s->connection);
	put_name(o, "role", segment_role_names[s->role]);
	put_int(o, "ordinal", s->ordinal);
	if (s->again)
		put(o, "again", json_true());
	if (s->probe)
		put(o, "probe", json_true());
	put_int(o, "flags", s->flags);
	put_int(o, "seq", s->seq);
	put_int(o, "ack", s->ack);
	put_some(o, "length", s->length);
	put_int(o, "window", s->window);
	put_name(o, "fate", segment_fate_names[s->fate]);
	if (s->rule >= 0)
		put_int(o, "rule", (uint64_t)s->rule);
	if (s->has_sent)
		put_int(o, "sent_ms", s->sent_ms);
}

static void put_endpoint(json_t *o, const char *key, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT];

	if (e->family)
		put_name(o, key, endpoint_format(e, text, sizeof text));
}

static void put_conntrack(json_t *o, const struct ev_conntrack *c)
{
	put_name(o, "from", conntrack_state_names[c->from]);
	put_name(o, "to", conntrack_state_names[c->to]);
	put_endpoint(o, "reply_local", &c->reply.local);
	put_endpoint(o, "reply_remote", &c->reply.remote);
	put_some(o, "timeout_s", c->timeout_s);
	if (c->assured)
		put(o, "assured", json_true());
}

static void put_peer(json_t *o, const struct ev_peer *p)
{
	const char *name = p->error ? strerrorname_np(p->error) : NULL;

	put_name(o, "verb", peer_verb_names[p->verb]);
	put_some(o, "id", p->connection);
	put_some(o, "bytes", p->bytes);
	if (p->error)
		put(o, "error", name ? json_string(name) : json_integer(p->error));
	if (*p->call)
		put(o, "call", text_json(p->call));
	put_some(o, "command", p->command);
	put_some(o, "status", (uint64_t)(unsigned)p->status);
}

static void put_details(json_t *o, const struct timeline_head *h, const struct event *e)
{
	switch (e->kind) {
	case EV_STEP:
		put_int(o, "step", e->step.index);
		put_name(o, "phase", step_phase_names[e->step.phase]);
		break;
	case EV_STATE:
		put_state(o, h, &e->state);
		break;
	case EV_SOCKET:
		put_socket(o, &e->socket);
		break;
	case EV_SEGMENT:
		put_segment(o, &e->segment);
		break;
	case EV_PEER:
		put_peer(o, &e->peer);
		break;
	case EV_COUNTER:
		put(o, "name", text_json(e->counter.name));
		put_int(o, "value", (uint64_t)e->counter.value);
		break;
	case EV_OWNED:
		put_int(o, "descriptors", e->owned.descriptors);
		break;
	case EV_KERNEL:
		put_kernel(o, &e->kernel);
		break;
	case EV_CONNTRACK:
		put_conntrack(o, &e->conntrack);
		break;
	case EV_NOTE:
	case EV_TROUBLE:
		put(o, "text", text_json(e->text));
		break;
	case EV_SAMPLE:
	case EV_TICK:
	case EV_COUNT:
		break;
	}
}

struct json_t *timeline_event_json(const struct timeline_head *h, const struct event *e)
{
	json_t *o = must(json_object());

	put_int(o, "t", e->t_ns - h->origin_ns);
	put_name(o, "kind", event_kind_names[e->kind]);
	put_name(o, "source", source_names[e->source]);
	put_name(o, "host", actor_names[e->host]);
	put_some(o, "cookie", e->cookie);
	put_endpoint(o, "local", &e->tuple.local);
	put_endpoint(o, "remote", &e->tuple.remote);
	put_details(o, h, e);
	return o;
}

int timeline_write_event(FILE *out, const struct timeline_head *h, const struct event *e)
{
	return finish(out, timeline_event_json(h, e));
}
