/* SPDX-License-Identifier: BSD-2-Clause */
/* Events in words. */
#include "words.h"

#include "core/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

struct out {
	char *text;
	size_t size, n;
};

static void add(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (o->n + 1 >= o->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->text + o->n, o->size - o->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->n += (size_t)n;
	if (o->n >= o->size)
		o->n = o->size - 1;
}

static void add_endpoint(struct out *o, const char *before, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT];

	if (e->family)
		add(o, "%s%s", before, endpoint_format(e, text, sizeof text));
}

static void add_tuple(struct out *o, const struct tuple *t)
{
	char text[TUPLE_TEXT];

	if (t->remote.family && t->remote.port) /* a listener has no other end */
		add(o, " %s", tuple_format(t, text, sizeof text));
	else
		add_endpoint(o, " ", &t->local);
}

static void add_step(struct out *o, const struct outcome *r, const struct event *e)
{
	static const char *const phases[] = {
	        [STEP_BEGIN] = "begins", [STEP_HOLDS] = "holds", [STEP_FAILS] = "fails"};
	const struct step *st;

	add(o, "step %u", e->step.index + 1);
	if (e->step.index < r->scenario->steps.n) {
		st = &r->scenario->steps.v[e->step.index];
		if (st->action != DO_EXPECT)
			add(o, ", %s", actor_names[st->actor]);
		add(o, " %s,", step_action_names[st->action]);
	}
	add(o, " %s", phases[e->step.phase]);
}

static void add_moment(struct out *o, const struct event *e)
{
	char text[32];

	if (e->state.since_ns < e->t_ns)
		add(o, ", within the last %s",
		        duration_format(e->t_ns - e->state.since_ns, text, sizeof text));
	if (e->state.inferred)
		add(o, ", inferred");
}

static void add_state(struct out *o, const struct event *e)
{
	if (e->state.from == ST_NONE)
		add(o, "%s", tcp_state_name(e->state.to));
	else
		add(o, "%s to %s", tcp_state_name(e->state.from), tcp_state_name(e->state.to));
	add_tuple(o, &e->tuple);
	add_moment(o, e);
	if (e->state.pid)
		add(o, ", by %s[%u]%s", *e->state.command ? e->state.command : "process",
		        e->state.pid, e->state.exiting ? " at its exit" : "");
}

static void add_socket(struct out *o, const struct event *e)
{
	const struct ev_socket *s = &e->socket;

	add(o, "a dump shows %s", tcp_state_name(s->state));
	add_tuple(o, &e->tuple);
	if (s->rqueue)
		add(o, ", %u unread", s->rqueue);
	if (s->wqueue)
		add(o, ", %u unacknowledged", s->wqueue);
	if (s->timer)
		add(o, ", timer %u ms", s->expires_ms);
	add(o, s->inode ? ", inode %u" : ", no inode", s->inode);
}

static void add_rule(struct out *o, const struct outcome *r, int rule)
{
	if (rule < 0 || (size_t)rule >= r->scenario->rules.n || !r->scenario->rules.v[rule].text)
		return;
	add(o, " (%s)", r->scenario->rules.v[rule].text);
}

static void add_segment(struct out *o, const struct outcome *r, const struct event *e)
{
	const struct ev_segment *s = &e->segment;
	char flags[40];

	add(o, "%s from %s, number %u of connection %u", segment_role_names[s->role],
	        actor_names[e->host], s->ordinal, s->connection);
	if (s->again)
		add(o, s->probe ? ", again, a tail loss probe" : ", again");
	add(o, ": %s seq %u ack %u", segment_flags_format(s->flags, flags, sizeof flags), s->seq,
	        s->ack);
	if (s->length)
		add(o, " length %u", s->length);
	if (s->fate != FATE_PASSED || s->rule >= 0)
		add(o, ", %s", segment_fate_names[s->fate]);
	add_rule(o, r, s->rule);
}

static void add_exit(struct out *o, int status)
{
	if (WIFSIGNALED(status))
		add(o, " by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		add(o, " with status %d", WEXITSTATUS(status));
}

static void add_peer(struct out *o, const struct event *e)
{
	const struct ev_peer *p = &e->peer;
	const char *name = strerrorname_np(p->error);

	add(o, "%s", peer_verb_names[p->verb]);
	if (p->verb == PEER_EXITED)
		add_exit(o, p->status);
	if (p->verb == PEER_DONE)
		add(o, " with command %u", p->command);
	if (p->verb == PEER_RECEIVED || p->verb == PEER_SENT)
		add(o, " %" PRIu64 " bytes", p->bytes);
	if (p->verb == PEER_FAILED)
		add(o, " %s: %s", p->call, name ? name : "?");
	add_endpoint(o, " ", p->verb == PEER_LISTENING ? &e->tuple.local : &e->tuple.remote);
	if (p->connection)
		add(o, " #%u", p->connection);
}

static void add_kernel(struct out *o, const struct event *e)
{
	const struct ev_kernel *k = &e->kernel;
	char text[40];

	add(o, "kernel: %s", kernel_deed_helps[k->deed]);
	add_tuple(o, &e->tuple);
	add(o, " in %s", tcp_state_name(k->state));
	if (k->timer_ns)
		add(o, ", timer %s", duration_format(k->timer_ns, text, sizeof text));
	if (k->deed == KERNEL_RETRANSMIT)
		add(o, ", %s%s", segment_flags_format(k->flags, text, sizeof text),
		        k->probe ? ", a tail loss probe" : "");
	if (*k->reason)
		add(o, ", %s", k->reason);
}

static void add_conntrack(struct out *o, const struct event *e)
{
	const struct ev_conntrack *c = &e->conntrack;
	struct tuple plain = tuple_reversed(&e->tuple);
	char text[TUPLE_TEXT];

	if (c->to == CT_NONE)
		add(o, "forgets, in %s,", conntrack_state_names[c->from]);
	else if (c->from == CT_NONE)
		add(o, "tracks, in %s,", conntrack_state_names[c->to]);
	else
		add(o, "%s to %s", conntrack_state_names[c->from], conntrack_state_names[c->to]);
	add_tuple(o, &e->tuple);
	if (c->reply.local.family && !tuple_equal(&plain, &c->reply))
		add(o, ", for the other end %s", tuple_format(&c->reply, text, sizeof text));
	if (c->to != CT_NONE && c->timeout_s)
		add(o, ", for %u s", c->timeout_s);
}

static void add_what(struct out *o, const struct outcome *r, const struct event *e)
{
	switch (e->kind) {
	case EV_STEP:
		add_step(o, r, e);
		break;
	case EV_STATE:
		add_state(o, e);
		break;
	case EV_SOCKET:
		add_socket(o, e);
		break;
	case EV_SAMPLE:
		add(o, "a dump is complete");
		break;
	case EV_SEGMENT:
		add_segment(o, r, e);
		break;
	case EV_PEER:
		add_peer(o, e);
		break;
	case EV_COUNTER:
		add(o, "%s is %" PRId64, e->counter.name, e->counter.value);
		break;
	case EV_OWNED:
		add(o, "%u descriptors of connections", e->owned.descriptors);
		break;
	case EV_KERNEL:
		add_kernel(o, e);
		break;
	case EV_CONNTRACK:
		add_conntrack(o, e);
		break;
	case EV_TICK:
		add(o, "time passes");
		break;
	case EV_NOTE:
	case EV_TROUBLE:
		add(o, "%s", e->text);
		break;
	case EV_COUNT:
		break;
	}
}

const char *words_event(const struct outcome *r, const struct event *e, char *buf, size_t size)
{
	struct out o = {buf, size, 0};
	uint64_t origin = r->timeline ? r->timeline->head.origin_ns : 0;
	double s = e->t_ns >= origin ? (double)(e->t_ns - origin) / 1e9 : 0;
	enum host who = e->kind == EV_SEGMENT ? ACTOR_WIRE
	                : e->kind == EV_STEP  ? ACTOR_LAB
	                                      : e->host;

	*buf = 0;
	add(&o, "%-6s %9.6f ", actor_names[who], s);
	add_what(&o, r, e);
	return buf;
}

/* What a transition tells already, or no reader asks for. */
static int is_echo(const struct event *e)
{
	return e->kind == EV_KERNEL &&
	       (e->kernel.deed == KERNEL_DESTROY || e->kernel.deed == KERNEL_MINISOCKET ||
	               e->kernel.deed == KERNEL_EXPIRE);
}

/* The runner's own commands, before the first step. */
static int is_set_up(const struct event *e)
{
	return e->kind == EV_PEER && e->peer.verb == PEER_DONE && e->peer.command == COMMAND_SET_UP;
}

static int is_worth(const struct event *e)
{
	return e->kind != EV_SAMPLE && e->kind != EV_TICK && e->kind != EV_SOCKET &&
	       e->kind != EV_COUNTER && e->kind != EV_COUNT && !is_echo(e) && !is_set_up(e);
}

/* Nearly in order already; of equal times the first stays the first. */
static void sort_by_time(const struct event **v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct event *e = v[i];
		size_t k = i;

		for (; k && v[k - 1]->t_ns > e->t_ns; k--)
			v[k] = v[k - 1];
		v[k] = e;
	}
}

size_t words_stretch(const struct timeline *t, size_t last, size_t most, const struct event **ret)
{
	size_t i = last < t->events.n ? last + 1 : t->events.n, n = most;

	while (i-- > 0 && n)
		if (is_worth(&t->events.v[i]))
			ret[--n] = &t->events.v[i];
	most -= n;
	memmove(ret, ret + n, most * sizeof *ret);
	sort_by_time(ret, most);
	return most;
}

/* As a shell takes it. */
static void add_set(struct out *o, const char *set)
{
	const char *quote = set[strcspn(set, " \t*?$;&|<>()\"\\#~")] ? "'" : "";

	add(o, " --set %s%s%s", quote, set, quote);
}

const char *words_rerun(const struct outcome *r, char *buf, size_t size)
{
	struct out o = {buf, size, 0};
	const struct scenario *s = r->scenario;

	*buf = 0;
	if (!s->steps.n)
		return buf;
	add(&o, "lastack run %s", s->path ? s->path : s->name ? s->name : "");
	if (r->timeline && s->families == 3)
		add(&o, " --ip %u", r->timeline->head.family);
	if (r->timeline && s->rules.n)
		add(&o, " --seed %" PRIu64, r->timeline->head.seed);
	if (!r->timeline)
		return buf;
	for (unsigned i = 0; i < r->timeline->head.n_set; i++)
		add_set(&o, r->timeline->head.set[i]);
	add(&o, "%s", r->timeline->head.options);
	return buf;
}

const char *words_link(const struct outcome *r)
{
	return r->timeline && strchr(r->timeline->head.link, '+') ? r->timeline->head.link : NULL;
}

const struct finding *words_decisive(const struct verdict *v)
{
	array_each (const struct finding, f, &v->findings)
		if (f->kind == v->kind && v->kind != VERDICT_PASS)
			return f;
	return NULL;
}

static int goes_on(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t words_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !goes_on(*text);
	return n;
}

const char *words_shorten(const char *text, size_t width, char *buf, size_t size)
{
	size_t keep = 0, chars = 0;

	if (words_width(text) <= width || width < 4) {
		snprintf(buf, size, "%s", width < 4 ? "" : text);
		return buf;
	}
	for (; chars < width - 3 || goes_on(text[keep]); keep++)
		chars += !goes_on(text[keep]);
	if (keep + 4 > size)
		keep = size > 4 ? size - 4 : 0;
	snprintf(buf, size, "%.*s...", (int)keep, text);
	return buf;
}
