/* SPDX-License-Identifier: BSD-2-Clause */
/* A timeline read from JSON lines. The reader takes nothing on trust. */
#include "timeline_internal.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ERRNO 4095

/* One line under examination. The first thing wrong is kept, the rest is passed over. */
struct line {
	const char *file;
	unsigned number;
	json_t *o;
	size_t taken; /* members that were asked for: more in the object are unknown ones */
	int wrong;
	struct err *err;
};

/* What came from a file may end on a terminal: nothing of it may command one. */
static void make_plain(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) /* C1 in UTF-8 */
			c[0] = c[1] = '?';
}

static void __attribute__((format(printf, 2, 3))) complain(struct line *l, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (l->wrong)
		return;
	l->wrong = 1;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	make_plain(what);
	err_set(l->err, ERR_INPUT, "%s:%u: %s", l->file, l->number, what);
}

static json_t *take(struct line *l, const char *key)
{
	json_t *v = json_object_get(l->o, key);

	if (v)
		l->taken++;
	return v;
}

static int64_t number_of(struct line *l, const char *key, json_t *v, int64_t lo, int64_t hi)
{
	int64_t n = json_integer_value(v);

	if (!json_is_integer(v))
		complain(l, "'%s' must be a whole number", key);
	else if (n < lo || n > hi)
		complain(l, "'%s' is %lld, expected %lld .. %lld", key, (long long)n, (long long)lo,
		        (long long)hi);
	else
		return n;
	return lo;
}

static int64_t take_int(struct line *l, const char *key, int64_t lo, int64_t hi)
{
	json_t *v = take(l, key);

	if (v)
		return number_of(l, key, v, lo, hi);
	complain(l, "'%s' is missing", key);
	return lo;
}

static int64_t take_some(struct line *l, const char *key, int64_t hi)
{
	json_t *v = take(l, key);

	return v ? number_of(l, key, v, 0, hi) : 0;
}

static uint32_t take_u32(struct line *l, const char *key)
{
	return (uint32_t)take_some(l, key, UINT32_MAX);
}

static int take_flag(struct line *l, const char *key)
{
	json_t *v = take(l, key);

	if (v && !json_is_boolean(v))
		complain(l, "'%s' must be true or false", key);
	return json_is_true(v);
}

/* A moment: in the file since the origin, which is at most a year before it. */
static uint64_t take_time(struct line *l, const char *key, uint64_t origin_ns)
{
	const int64_t year = 366ll * 86400 * 1000000000;

	return origin_ns + (uint64_t)take_int(l, key, -(int64_t)origin_ns, year);
}

static const char *take_string(struct line *l, const char *key)
{
	json_t *v = take(l, key);

	if (!v)
		complain(l, "'%s' is missing", key);
	else if (!json_is_string(v))
		complain(l, "'%s' must be a string", key);
	else
		return json_string_value(v);
	return "";
}

static void take_text(struct line *l, const char *key, char *ret, size_t size)
{
	const char *s = take_string(l, key);

	if (strlen(s) >= size)
		complain(l, "'%s' is longer than %zu bytes", key, size - 1);
	snprintf(ret, size, "%s", s);
	make_plain(ret);
}

/* Text that need not be there. */
static void take_words(struct line *l, const char *key, char *ret, size_t size)
{
	if (json_object_get(l->o, key))
		take_text(l, key, ret, size);
}

static int take_name(struct line *l, const char *key, const char *const *names, int n)
{
	const char *s = take_string(l, key);

	for (int i = 0; i < n; i++)
		if (names[i] && !strcmp(s, names[i]))
			return i;
	complain(l, "'%s' is '%s', which is none of its names", key, s);
	return 0;
}

static enum tcp_state take_state(struct line *l, const char *key)
{
	const char *s = take_string(l, key);

	for (int i = 0; i < ST_COUNT; i++)
		if (!strcmp(s, tcp_state_name((enum tcp_state)i)))
			return (enum tcp_state)i;
	complain(l, "'%s' is '%s', which is no state", key, s);
	return ST_NONE;
}

static void take_endpoint(struct line *l, const char *key, struct endpoint *ret)
{
	json_t *v = take(l, key);

	if (v && (!json_is_string(v) || endpoint_parse(json_string_value(v), ret)))
		complain(l, "'%s' is not ADDRESS:PORT", key);
}

static int take_errno(struct line *l)
{
	json_t *v = take(l, "error");

	if (!v || json_is_integer(v))
		return v ? (int)number_of(l, "error", v, 1, MAX_ERRNO) : 0;
	for (int i = 1; json_is_string(v) && i <= MAX_ERRNO; i++) {
		const char *name = strerrorname_np(i);

		if (name && !strcmp(name, json_string_value(v)))
			return i;
	}
	complain(l, "'error' is no errno");
	return 0;
}

static void read_step(struct line *l, struct event *e)
{
	e->step.index = (unsigned)take_int(l, "step", 0, 100000);
	e->step.phase = (enum step_phase)take_name(l, "phase", step_phase_names, STEP_PHASES);
}

static void read_state(struct line *l, uint64_t origin_ns, struct event *e)
{
	e->state.from = take_state(l, "from");
	e->state.to = take_state(l, "to");
	e->state.since_ns = take_time(l, "since", origin_ns);
	e->state.inferred = take_flag(l, "inferred");
	e->state.pid = take_u32(l, "pid");
	e->state.tid = take_u32(l, "tid");
	take_words(l, "command", e->state.command, sizeof e->state.command);
	e->state.exiting = take_flag(l, "exiting");
}

static void read_kernel(struct line *l, struct event *e)
{
	struct ev_kernel *k = &e->kernel;

	k->deed = (enum kernel_deed)take_name(l, "deed", kernel_deed_names, KERNEL_DEED_COUNT);
	k->state = take_state(l, "state");
	k->timer_ns = (uint64_t)take_some(l, "timer_ns", INT64_MAX);
	k->flags = (unsigned)take_some(l, "flags", 0xffff);
	k->seq = take_u32(l, "seq");
	k->length = take_u32(l, "length");
	k->probe = take_flag(l, "probe");
	k->count = take_u32(l, "count");
	take_words(l, "reason", k->reason, sizeof k->reason);
	k->pid = take_u32(l, "pid");
	k->tid = take_u32(l, "tid");
}

static void read_conntrack(struct line *l, struct event *e)
{
	struct ev_conntrack *c = &e->conntrack;

	c->from = (enum conntrack_state)take_name(l, "from", conntrack_state_names, CT_COUNT);
	c->to = (enum conntrack_state)take_name(l, "to", conntrack_state_names, CT_COUNT);
	take_endpoint(l, "reply_local", &c->reply.local);
	take_endpoint(l, "reply_remote", &c->reply.remote);
	c->timeout_s = take_u32(l, "timeout_s");
	c->assured = take_flag(l, "assured");
}

static void read_socket(struct line *l, struct event *e)
{
	e->socket.state = take_state(l, "state");
	e->socket.rqueue = take_u32(l, "rqueue");
	e->socket.wqueue = take_u32(l, "wqueue");
	e->socket.inode = take_u32(l, "inode");
	e->socket.timer = take_u32(l, "timer");
	e->socket.expires_ms = take_u32(l, "expires_ms");
	e->socket.retrans = take_u32(l, "retrans");
}

static void read_segment(struct line *l, struct event *e)
{
	struct ev_segment *s = &e->segment;
	json_t *rule;

	s->number = (uint64_t)take_int(l, "number", 0, INT64_MAX);
	s->connection = (unsigned)take_int(l, "connection", 0, UINT32_MAX);
	s->role = (enum segment_role)take_name(l, "role", segment_role_names, ROLE_COUNT);
	s->ordinal = (unsigned)take_int(l, "ordinal", 0, UINT32_MAX);
	s->again = take_flag(l, "again");
	s->probe = take_flag(l, "probe");
	s->flags = (unsigned)take_int(l, "flags", 0, 0xffff);
	s->seq = (uint32_t)take_int(l, "seq", 0, UINT32_MAX);
	s->ack = (uint32_t)take_int(l, "ack", 0, UINT32_MAX);
	s->length = take_u32(l, "length");
	s->window = (uint32_t)take_int(l, "window", 0, UINT32_MAX);
	s->fate = (enum segment_fate)take_name(l, "fate", segment_fate_names, FATE_COUNT);
	rule = take(l, "rule");
	s->rule = rule ? (int)number_of(l, "rule", rule, 0, 100000) : -1;
	s->has_sent = !!json_object_get(l->o, "sent_ms");
	s->sent_ms = take_u32(l, "sent_ms");
}

static void read_peer(struct line *l, struct event *e)
{
	e->peer.verb = (enum peer_verb)take_name(l, "verb", peer_verb_names, PEER_VERB_COUNT);
	e->peer.connection = take_u32(l, "id");
	e->peer.bytes = (uint64_t)take_some(l, "bytes", INT64_MAX);
	e->peer.error = take_errno(l);
	take_words(l, "call", e->peer.call, sizeof e->peer.call);
	e->peer.command = take_u32(l, "command");
	e->peer.status = (int)take_u32(l, "status");
}

static void read_details(struct line *l, const struct timeline_head *h, struct event *e)
{
	switch (e->kind) {
	case EV_STEP:
		read_step(l, e);
		break;
	case EV_STATE:
		read_state(l, h->origin_ns, e);
		break;
	case EV_SOCKET:
		read_socket(l, e);
		break;
	case EV_SEGMENT:
		read_segment(l, e);
		break;
	case EV_PEER:
		read_peer(l, e);
		break;
	case EV_COUNTER:
		take_text(l, "name", e->counter.name, sizeof e->counter.name);
		e->counter.value = take_int(l, "value", INT64_MIN, INT64_MAX);
		break;
	case EV_OWNED:
		e->owned.descriptors = (unsigned)take_int(l, "descriptors", 0, UINT32_MAX);
		break;
	case EV_KERNEL:
		read_kernel(l, e);
		break;
	case EV_CONNTRACK:
		read_conntrack(l, e);
		break;
	case EV_NOTE:
	case EV_TROUBLE:
		take_text(l, "text", e->text, sizeof e->text);
		break;
	case EV_SAMPLE:
	case EV_TICK:
	case EV_COUNT:
		break;
	}
}

/* What nobody asked for is not of this format: better said than overlooked. */
static void nothing_more(struct line *l)
{
	if (json_object_size(l->o) != l->taken)
		complain(l, "there is a member that does not belong here");
}

static void read_event(struct line *l, const struct timeline_head *h, struct event *e)
{
	memset(e, 0, sizeof *e);
	e->t_ns = take_time(l, "t", h->origin_ns);
	e->kind = (enum event_kind)take_name(l, "kind", event_kind_names, EV_COUNT);
	e->source = (enum source)take_name(l, "source", source_names, SRC_COUNT);
	e->host = (enum host)take_name(l, "host", actor_names, ACTOR_COUNT);
	e->cookie = (uint64_t)take_some(l, "cookie", INT64_MAX);
	take_endpoint(l, "local", &e->tuple.local);
	take_endpoint(l, "remote", &e->tuple.remote);
	if (!l->wrong)
		read_details(l, h, e);
	nothing_more(l);
}

static unsigned take_observers(struct line *l)
{
	json_t *a = take(l, "observers"), *v;
	unsigned bits = 0;
	size_t i;

	if (!json_is_array(a))
		complain(l, "'observers' must be a list");
	json_array_foreach(a, i, v)
	{
		int s = 0;

		while (s < SRC_COUNT &&
		        !(json_is_string(v) && !strcmp(json_string_value(v), source_names[s])))
			s++;
		if (s == SRC_COUNT)
			complain(l, "'observers' names one that there is not");
		else
			bits |= 1u << s;
	}
	return bits;
}

static void take_set(struct line *l, struct timeline_head *h)
{
	json_t *a = take(l, "set"), *v;
	size_t i;

	if (a && (!json_is_array(a) || json_array_size(a) > TIMELINE_SET))
		complain(l, "'set' must be a list of at most %d", TIMELINE_SET);
	json_array_foreach(a, i, v)
	{
		const char *words = json_string_value(v);

		if (h->n_set == TIMELINE_SET)
			break;
		if (!words || strlen(words) >= sizeof h->set[0])
			complain(l, "'set' has something else than HOST:SYSCTL=VALUE");
		else
			snprintf(h->set[h->n_set++], sizeof h->set[0], "%s", words);
	}
}

static void read_head(struct line *l, struct timeline_head *h)
{
	char seed[24], *end;

	take_int(l, "timeline", TIMELINE_VERSION, TIMELINE_VERSION);
	h->origin_ns = (uint64_t)take_int(l, "origin_ns", 0, INT64_MAX / 2);
	h->hz = (unsigned)take_int(l, "hz", 1, 100000);
	h->family = (unsigned)take_int(l, "family", 4, 6);
	take_text(l, "seed", seed, sizeof seed);
	h->seed = strtoull(seed, &end, 10);
	if (*end || *seed < '0' || *seed > '9')
		complain(l, "'seed' is no number");
	take_text(l, "scenario", h->scenario, sizeof h->scenario);
	take_text(l, "kernel", h->kernel, sizeof h->kernel);
	take_text(l, "link", h->link, sizeof h->link);
	take_text(l, "congestion", h->congestion, sizeof h->congestion);
	h->observers = take_observers(l);
	take_set(l, h);
	take_words(l, "options", h->options, sizeof h->options);
	nothing_more(l);
}

/* 0, or -1 with the error: of the first line the header, of the others an event each. */
static int read_line(struct line *l, const char *text, size_t size, struct timeline *t)
{
	json_error_t e;
	struct event ev;

	l->o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
	l->taken = 0;
	if (!l->o)
		complain(l, "no JSON: %s", e.text);
	else if (!json_is_object(l->o))
		complain(l, "expected an object");
	else if (l->number == 1)
		read_head(l, &t->head);
	else
		read_event(l, &t->head, &ev);
	json_decref(l->o);
	if (l->wrong)
		return -1;
	if (l->number > 1)
		array_push(&t->events, ev);
	return 0;
}

int timeline_read(FILE *in, const char *name, struct timeline *ret, struct err *err)
{
	struct line l = {.file = name, .err = err};
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	memset(ret, 0, sizeof *ret);
	errno = 0;
	while ((n = getline(&text, &size, in)) >= 0 && !l.wrong) {
		l.number++;
		read_line(&l, text, (size_t)n, ret);
		errno = 0;
	}
	free(text);
	if (!l.wrong && ferror(in)) {
		l.wrong = 1;
		err_sys(err, "%s", name);
	}
	if (!l.number) {
		l.number = 1;
		complain(&l, "empty: the header is missing");
	}
	if (l.wrong)
		timeline_free(ret);
	return l.wrong ? -1 : 0;
}
