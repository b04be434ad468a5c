/* SPDX-License-Identifier: BSD-2-Clause */
/* The story of a scenario: the scene, the faults, and what happens step by step. */
#include "story.h"

#include "core/clock.h"
#include "prose.h"
#include "story_expect.h"
#include "story_glossary.h"

#include <signal.h>
#include <string.h>

const char *story_behaviour(const char *name)
{
	static const struct {
		const char *name, *help;
	} table[] = {
#define BEHAVIOUR(name, on_eof, help) {#name, help},
#include "peers/behaviours.def"
#undef BEHAVIOUR
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(table[i].name, name))
			return table[i].help;
	return "";
}

/* ---- the scene ---- */

static void tell_link(struct prose *p, const struct scenario *s)
{
	prose_add(p, "Two hosts, client and server%s, joined by ",
	        s->hosts[HOST_ROUTER].present ? ", with a router between them" : "");
	if (scenario_link(s) == LINK_WIRE)
		prose_add(p, "the wire: a relay that looks at each segment, knows its role in the "
		             "connection, and writes down what it saw.");
	else
		prose_add(p, "a veth pair, at the kernel's own speed.");
	if (s->families == 3)
		prose_add(p, " It is played twice, over IPv4 and over IPv6.");
	else
		prose_add(p, " It is played over IPv%d.", s->families == 1 ? 4 : 6);
	prose_end(p, "  ");
}

static void tell_sysctls(struct prose *p, const char *before, const sysctls *list)
{
	prose_add(p, "%s", before);
	for (size_t i = 0; i < list->n; i++)
		prose_add(p, "%s %s = %s",
		        !i                 ? ""
		        : i + 1 == list->n ? " and"
		                           : ",",
		        list->v[i].name, list->v[i].value);
}

static int same_behaviour(const struct scenario *s)
{
	const char *c = s->hosts[HOST_CLIENT].behaviour, *v = s->hosts[HOST_SERVER].behaviour;

	return c && v && !strcmp(c, v);
}

/* As they stand: they are not prose. */
static void tell_nft(struct prose *p, const struct nft_text *t)
{
	prose_add(p, "The router has rules of nft of its own:");
	prose_end(p, "  ");
	for (const char *line = t->text; *line; line += strspn(line, "\n")) {
		int n = (int)strcspn(line, "\n");

		fprintf(p->out, "    %.*s\n", n, line);
		line += n;
	}
}

static void tell_host(struct prose *p, const struct scenario *s, enum host h)
{
	const struct host_spec *spec = &s->hosts[h];

	if (!spec->present)
		return;
	if (spec->behaviour && !same_behaviour(s))
		prose_add(p, "The program on the %s %s. ", actor_names[h],
		        story_behaviour(spec->behaviour));
	if (spec->addresses > 1)
		prose_add(p, "The %s has %u addresses. ", actor_names[h], spec->addresses);
	if (h == HOST_SERVER && spec->backlog != 4096)
		prose_add(p, "At most %u connections wait to be accepted. ", spec->backlog);
	if (spec->rcvbuf)
		prose_add(p, "The %s's receive buffers have %u bytes. ", actor_names[h],
		        spec->rcvbuf);
	if (spec->sndbuf)
		prose_add(p, "The %s's send buffers have %u bytes. ", actor_names[h], spec->sndbuf);
	if (spec->masquerade)
		prose_add(p, "The router masquerades: what it hands on to the server has its own "
		             "address, as in a NAT box. ");
	if (spec->firewall)
		prose_add(p, "The router is a firewall: it passes only connections that the client "
		             "opened, and only as long as it knows them. ");
	if (spec->keepalive)
		prose_add(p, "The %s's sockets have SO_KEEPALIVE. ", actor_names[h]);
	if (spec->sysctls.n) {
		prose_add(p, "Set on the %s:", actor_names[h]);
		tell_sysctls(p, "", &spec->sysctls);
		prose_add(p, ".");
	}
	if (p->n)
		prose_end(p, "  ");
	if (spec->nft.text)
		tell_nft(p, &spec->nft);
}

static void tell_hosts(struct prose *p, const struct scenario *s)
{
	if (same_behaviour(s)) {
		prose_add(p, "The program on each of the two %s.",
		        story_behaviour(s->hosts[HOST_CLIENT].behaviour));
		prose_end(p, "  ");
	}
	for (enum host h = HOST_CLIENT; h < HOST_COUNT; h++)
		tell_host(p, s, h);
}

static void tell_rules(struct prose *p, const struct scenario *s)
{
	int any = 0;

	array_each (const struct wire_rule, r, &s->rules) {
		if (r->off) /* the step that adds it tells of it */
			continue;
		if (!any++)
			prose_heading(p, "What the wire does to it");
		prose_add(p, "%s", r->text);
		if (r->times && !r->in_total)
			prose_add(p, ", counted for each connection");
		prose_end(p, "  - ");
	}
}

/* ---- the steps ---- */

static void add_connections(struct prose *p, const struct step *st, const char *verb)
{
	if (st->count == ALL)
		prose_add(p, "%s all connections", verb);
	else if (st->count == 1)
		prose_add(p, "%s 1 connection", verb);
	else
		prose_add(p, "%s %u connections", verb, st->count);
}

static void add_where(struct prose *p, const struct step *st)
{
	if (st->rate > 0)
		prose_add(p, ", %g a second", st->rate);
	if (st->from)
		prose_add(p, ", from the client's address %u", st->from);
	if (st->to > 1)
		prose_add(p, ", to the server's address %u", st->to);
}

static void add_send(struct prose *p, const struct step *st)
{
	prose_add(p, "sends %llu byte%s on ", (unsigned long long)st->bytes,
	        st->bytes == 1 ? "" : "s");
	if (st->count == ALL)
		prose_add(p, "each connection");
	else
		prose_add(p, "%u connection%s, the oldest first", st->count,
		        st->count == 1 ? "" : "s");
}

static void add_action(struct prose *p, const struct step *st)
{
	switch (st->action) {
	case DO_CONNECT:
		add_connections(p, st, "opens");
		add_where(p, st);
		break;
	case DO_CHURN:
		add_connections(p, st, "opens and closes");
		prose_add(p, ", one after the other");
		add_where(p, st);
		break;
	case DO_SEND:
		add_send(p, st);
		break;
	case DO_CLOSE:
		add_connections(p, st, "closes");
		break;
	case DO_SHUTDOWN:
		add_connections(p, st, "half-closes");
		prose_add(p, ": shutdown(SHUT_WR), so it has no more to send, and still reads");
		break;
	case DO_ABORT:
		add_connections(p, st, "aborts");
		prose_add(p, ": close() with SO_LINGER 0, a reset");
		break;
	case DO_ACCEPT:
		prose_add(p, st->on ? "accepts connections again" : "stops accepting connections");
		break;
	case DO_READ:
		prose_add(p, st->on ? "reads again" : "stops reading");
		break;
	case DO_HOLD:
		prose_add(p, "does nothing more by itself, whatever arrives");
		break;
	case DO_KILL:
		prose_add(p, "loses its program: SIG%s", sigabbrev_np(st->signal));
		break;
	case DO_START:
		prose_add(p, "gets its program back: it is started again");
		break;
	case DO_SYSCTL:
		tell_sysctls(p, "sets", &st->sysctls);
		break;
	case DO_RELEASE:
		prose_add(p, "lets go what it held back, in order");
		break;
	case DO_ADD:
		prose_add(p, "has one more rule from now on: %s", st->rule_text);
		break;
	case DO_REMOVE:
		prose_add(p, "has no more %s %s", st->rule_text ? "rule named" : "rules",
		        st->rule_text ? st->rule_text : "at all");
		break;
	case DO_NFT:
		prose_add(p, "changes its rules: nft %.*s%s", (int)strcspn(st->nft.text, "\n"),
		        st->nft.text, strchr(st->nft.text, '\n') ? " ..." : "");
		break;
	case DO_CONNTRACK:
		prose_add(p, "forgets ");
		if (st->count == ALL)
			prose_add(p, "all connections");
		else
			prose_add(p, "the %u oldest connections", st->count);
		break;
	case DO_EXPECT:
	case DO_COUNT:
		break;
	}
}

static void tell_action(struct prose *p, const struct step *st, const char *lead)
{
	char after[32];

	if (st->has_after)
		prose_add(p, "After %s the ", duration_format(st->after_ns, after, sizeof after));
	else
		prose_add(p, "The ");
	if (st->actor == ACTOR_BOTH)
		prose_add(p, "client, and at the same moment the server, ");
	else
		prose_add(p, "%s ", actor_names[st->actor]);
	add_action(p, st);
	prose_add(p, st->no_wait ? "; nobody waits for that to settle." : ".");
	prose_end(p, lead);
}

static void tell_expect(struct prose *p, const struct step *st, unsigned hz, const char *lead)
{
	char a[32], b[32], c[32], indent[32], kernel[KERNEL_TEXT];

	duration_format(st->after_ns, a, sizeof a);
	duration_format(st->within_ns ? st->within_ns : WITHIN_NS, b, sizeof b);
	duration_format(st->for_ns, c, sizeof c);
	if (st->has_after)
		prose_add(p, "Then, %s later", a);
	else
		prose_add(p, "Then");
	kernel_guard_format(&st->kernel, kernel, sizeof kernel);
	if (*kernel)
		prose_add(p, ", on a kernel %s alone", kernel);
	if (st->for_ns)
		prose_add(p, ", for %s on end, it must be so that:", c);
	else
		prose_add(p, ", within %s, it must come to be that:", b);
	prose_end(p, lead);
	snprintf(indent, sizeof indent, "%*s", (int)strlen(lead), "");
	array_each (const struct expectation, x, &st->expectations)
		story_expectation(p, x, hz, indent);
}

static void tell_steps(struct prose *p, const struct scenario *s, unsigned hz)
{
	char lead[32];

	prose_heading(p, "What happens");
	for (size_t i = 0; i < s->steps.n; i++) {
		const struct step *st = &s->steps.v[i];

		snprintf(lead, sizeof lead, "%3zu. ", i + 1);
		if (st->action == DO_EXPECT)
			tell_expect(p, st, hz, lead);
		else
			tell_action(p, st, lead);
	}
}

static void tell_head(struct prose *p, const struct scenario *s)
{
	char kernel[KERNEL_TEXT];

	fprintf(p->out, "%s\n\n", s->name);
	prose_add(p, "%s.", s->claim);
	prose_end(p, "  ");
	if (s->source) {
		prose_add(p, "%s", s->source);
		prose_end(p, "  Source: ");
	}
	kernel_guard_format(&s->kernel, kernel, sizeof kernel);
	if (s->needs.n || *kernel) {
		array_each (char *const, w, &s->needs)
			prose_add(p, "%s ", *w);
		if (*kernel)
			prose_add(p, "kernel %s", kernel);
		prose_end(p, "  Needs:  ");
	}
	if (scenario_is_slow(s)) {
		prose_add(p, "slow: it waits for timers of the kernel.");
		prose_end(p, "  Tier:   ");
	}
}

void story_tell(FILE *out, const struct scenario *s, unsigned hz)
{
	struct prose p = {.out = out, .width = 80};

	tell_head(&p, s);
	prose_heading(&p, "The scene");
	tell_link(&p, s);
	tell_hosts(&p, s);
	tell_rules(&p, s);
	tell_steps(&p, s, hz);
	story_glossary(&p, s);
}
