/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the action of a step has settled: the peers that were told have carried it out, and the
 * programs at the other end have noticed, as far as they look.
 */
#include "settle.h"

#include "core/clock.h"
#include "phrase.h"

#include <signal.h>
#include <string.h>

static struct settled yes(void)
{
	return (struct settled){.yes = 1};
}

static struct settled no(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static struct settled no(const char *fmt, ...)
{
	struct settled s = {.missing = 1};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s.waits_for, sizeof s.waits_for, fmt, ap);
	va_end(ap);
	return s;
}

static int acts(const struct step *st, enum host h)
{
	return st->actor == h || (st->actor == ACTOR_BOTH && h != HOST_ROUTER);
}

static int behaves(const struct ledger *l, enum host h, const char *const *names)
{
	const char *b = l->scenario->hosts[h].behaviour;

	for (; b && *names; names++)
		if (!strcmp(b, *names))
			return 1;
	return 0;
}

static int stands_still(const struct ledger_host *h)
{
	return h->exited || h->stopped;
}

/* Does the program of that host notice what arrives on its connections? */
static int looks(const struct ledger *l, enum host h)
{
	static const char *const blind[] = {"never_read", "unread", "never_accept", NULL};

	return !stands_still(&l->hosts[h]) && !l->hosts[h].deaf && !behaves(l, h, blind);
}

static int accepts(const struct ledger *l, enum host h)
{
	static const char *const never[] = {"never_accept", NULL};

	return !stands_still(&l->hosts[h]) && !l->hosts[h].unaccepting && !behaves(l, h, never);
}

static enum host other(enum host h)
{
	return h == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT;
}

/* Have the peers that were told reported `done`? */
static struct settled carried_out(const struct ledger *l, const struct step *st, unsigned index)
{
	for (enum host h = HOST_CLIENT; h < HOST_COUNT; h++)
		if (acts(st, h) && l->hosts[h].done < index + 1)
			return no("%s has not carried out %s", actor_names[h],
			        step_action_names[st->action]);
	return yes();
}

/* ---- at the other end ---- */

/* One question about every connection that a step touched: of `all`, how many are answered? */
struct tally {
	unsigned all, answered;
};

static int since(const struct ledger *l, size_t event)
{
	return event > l->step_event;
}

static void ask_accepted(const struct ledger *l, const struct ledger_connection *c, struct tally *t)
{
	const struct ledger_connection *o = ledger_other_end(l, c);

	if (!c->connected || !since(l, c->connected_at) || !accepts(l, other(c->host)))
		return;
	t->all++;
	t->answered += c->closed || c->failed || (o && o->accepted);
}

static void ask_ended(const struct ledger *l, const struct ledger_connection *c, struct tally *t)
{
	const struct ledger_connection *o = ledger_other_end(l, c);
	int ended = (c->closed && since(l, c->closed_at)) || (c->shut && since(l, c->shut_at));
	enum host there = other(c->host);

	/* One that nobody accepted has nobody to see its end. */
	if (!ended || !looks(l, there) || (!o && !accepts(l, there)))
		return;
	t->all++;
	t->answered += o && (o->eof || o->failed || o->closed);
}

static void ask_received(const struct ledger *l, const struct ledger_connection *c, struct tally *t)
{
	const struct ledger_connection *o = ledger_other_end(l, c);
	enum host there = other(c->host);

	if (!c->sent || !since(l, c->sent_at) || !looks(l, there) || (!o && !accepts(l, there)))
		return;
	t->all++;
	t->answered += c->failed || (o && (o->received >= c->sent || o->failed || o->closed));
}

static struct settled noticed(const struct ledger *l, const struct step *st, const char *what,
        void (*ask)(const struct ledger *, const struct ledger_connection *, struct tally *))
{
	for (enum host h = HOST_CLIENT; h <= HOST_SERVER; h++) {
		struct tally t = {0};

		if (!acts(st, h))
			continue;
		for (const struct ledger_connection *c = l->connections; c; c = c->hh.next)
			if (c->host == h && c->key.life == l->hosts[h].life)
				ask(l, c, &t);
		if (t.answered < t.all) {
			struct settled s = no("%s %s %u of %u connections", actor_names[other(h)],
			        what, t.answered, t.all);

			s.missing = t.all - t.answered;
			return s;
		}
	}
	return yes();
}

/* ---- programs that end and begin ---- */

static int is_deadly(int signal)
{
	return signal != SIGSTOP && signal != SIGTSTP && signal != SIGCONT;
}

static struct settled ended(const struct ledger *l, const struct step *st)
{
	for (enum host h = HOST_CLIENT; h < HOST_COUNT && is_deadly(st->signal); h++)
		if (acts(st, h) && !(l->hosts[h].exited && since(l, l->hosts[h].exited_at)))
			return no("%s has not ended", actor_names[h]);
	return yes();
}

static struct settled started(const struct ledger *l, const struct step *st)
{
	for (enum host h = HOST_CLIENT; h < HOST_COUNT; h++) {
		const struct ledger_host *p = &l->hosts[h];

		if (acts(st, h) && !(p->ready && since(l, p->ready_at)))
			return no("%s is not ready", actor_names[h]);
		if (acts(st, h) && h == HOST_SERVER && !(p->listening && since(l, p->listening_at)))
			return no("server does not listen");
	}
	return yes();
}

struct settled settle_step(const struct ledger *l, unsigned index)
{
	const struct step *st = &l->scenario->steps.v[index];
	struct settled s;

	if (st->no_wait)
		return yes();
	switch (st->action) {
	case DO_CONNECT:
		s = carried_out(l, st, index);
		return s.yes ? noticed(l, st, "accepted", ask_accepted) : s;
	case DO_SEND:
		s = carried_out(l, st, index);
		return s.yes ? noticed(l, st, "received all of", ask_received) : s;
	case DO_CLOSE:
	case DO_SHUTDOWN:
	case DO_ABORT:
		s = carried_out(l, st, index);
		return s.yes ? noticed(l, st, "saw the end of", ask_ended) : s;
	case DO_CHURN:
	case DO_ACCEPT:
	case DO_READ:
	case DO_HOLD:
		return carried_out(l, st, index);
	case DO_KILL:
		return ended(l, st);
	case DO_START:
		return started(l, st);
	case DO_SYSCTL:
	case DO_RELEASE:
	case DO_ADD:
	case DO_REMOVE:
	case DO_NFT:
	case DO_CONNTRACK:
	case DO_EXPECT:
	case DO_COUNT:
		break;
	}
	return yes();
}

#define SETTLE_NS        (5 * NS_PER_S) /* for a hundred connections, with time to spare */
#define HUNDRED          100
#define EACH_NS          (20 * NS_PER_MS) /* a connect() that searches for one of the last ports */
#define MANY_NS          (60 * NS_PER_S)
#define MANY_CONNECTIONS 1000
#define SLOW_RATE        250000 /* bytes a second, through the wire on a busy machine */

/* How many connections there can be by the end of the step. */
static uint64_t connections(const struct scenario *s, const struct step *until)
{
	uint64_t n = 0;

	for (const struct step *st = s->steps.v; st <= until; st++)
		if (st->action == DO_CONNECT || st->action == DO_CHURN)
			n += st->count;
	return n;
}

uint64_t settle_within_ns(const struct scenario *s, const struct step *st)
{
	uint64_t n = connections(s, st);
	uint64_t ns = SETTLE_NS + (n > HUNDRED ? n - HUNDRED : 0) * EACH_NS;
	int opens = st->action == DO_CONNECT || st->action == DO_CHURN;

	if (opens && st->rate > 0)
		ns += (uint64_t)(st->count / st->rate * 1e9);
	else if (opens && st->count >= MANY_CONNECTIONS && ns < MANY_NS)
		ns = MANY_NS;
	if (st->action == DO_SEND)
		ns += st->bytes * n / SLOW_RATE * NS_PER_S;
	return ns;
}
