/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands that build a scenario by hand: what the lab does, to be pasted into a shell. */
#include "story.h"

#include "core/err.h"
#include "model/order.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PORT 5000

struct hand {
	FILE *out;
	const struct scenario *s;
	unsigned family;
	story_ip *ip;
	unsigned command[HOST_COUNT]; /* the number of the last command to each peer */
};

static const char *address(const struct hand *h, enum host host, unsigned n, char *buf, size_t size)
{
	if (h->family == 6)
		snprintf(buf, size, "2001:2:0:%d::%x", host == HOST_SERVER ? 2 : 1, n);
	else
		snprintf(buf, size, "198.%d.0.%u", host == HOST_SERVER ? 19 : 18, n);
	return buf;
}

/* A word for the shell: the scenario may have been written by somebody else. */
static void shell_word(FILE *out, const char *text)
{
	if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                "0123456789_.:,/-")]) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++)
		fputs(*text == '\'' ? "'\\''" : (char[]){*text, 0}, out);
	fputc('\'', out);
}

static void set(struct hand *h, enum host host, const sysctls *list)
{
	array_each (struct sysctl_setting, x, list) {
		fprintf(h->out, "  ip netns exec %s sysctl -qw %s=", actor_names[host], x->name);
		shell_word(h->out, x->value);
		fputc('\n', h->out);
	}
}

static int has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (!at[n] || at[n] == '\n'))
			return 1;
	return 0;
}

/* No line of the ruleset may end it early: what follows would be the shell's. */
static void nft(struct hand *h, const struct nft_text *t)
{
	size_t size = strlen(t->text);
	char *end = must(calloc(size + 8, 1));

	strcpy(end, "NFT");
	while (has_line(t->text, end))
		strcat(end, "_");
	fprintf(h->out, "  ip netns exec router nft -f - <<'%s'\n%s%s%s\n", end, t->text,
	        size && t->text[size - 1] == '\n' ? "" : "\n", end);
	free(end);
}

static void hosts(struct hand *h)
{
	h->ip(h->out, h->s, HOST_COUNT);
	for (enum host n = HOST_CLIENT; n < HOST_COUNT; n++) {
		if (!h->s->hosts[n].present)
			continue;
		h->ip(h->out, h->s, n);
		fprintf(h->out,
		        "  ip netns exec %s sysctl -qw net.ipv4.tcp_congestion_control=reno\n",
		        actor_names[n]);
		if (n == HOST_ROUTER)
			fprintf(h->out, "  ip netns exec router sysctl -qw net.ipv4.ip_forward=1 "
			                "net.ipv6.conf.all.forwarding=1\n");
		if (h->s->hosts[n].nft.text)
			nft(h, &h->s->hosts[n].nft);
		set(h, n, &h->s->hosts[n].sysctls);
	}
}

/* ---- rules of the wire, as far as nft can say them ---- */

/* What the header alone tells of a role; NULL where it depends on what went before. */
static const char *role_match(int role)
{
	switch (role) {
	case ROLE_SYN:
		return "tcp flags & (syn|ack) == syn";
	case ROLE_SYN_ACK:
		return "tcp flags & (syn|ack) == (syn|ack)";
	case ROLE_FIN:
		return "tcp flags & fin == fin";
	case ROLE_RST:
		return "tcp flags & rst == rst";
	case ROLE_DATA:
		return "tcp flags & (psh|fin|syn|rst) == psh";
	case ROLE_ACK_OF_FIN:
	case ROLE_LAST_ACK:
		return "tcp flags & (fin|syn|rst|psh|ack) == ack";
	case -1:
		return "meta l4proto tcp";
	}
	return NULL;
}

static int answers_fin(int role)
{
	return role == ROLE_ACK_OF_FIN || role == ROLE_LAST_ACK;
}

static int nft_can(const struct wire_rule *w)
{
	const struct segment_selector *s = &w->select;

	if (strcmp(w->action, "drop") || w->skip || w->every > 1 || s->again >= 0 ||
	        s->connection || s->port || s->flags_on || s->flags_off || s->state[0] ||
	        s->state[1])
		return 0;
	if (s->ordinal.on || s->length.on || s->seq.on || s->age_ns.on || s->time_ns.on)
		return 0;
	return role_match(s->role) != NULL;
}

/* The rule, in the namespace of the host that sends what it hits. */
static void nft_rule(struct hand *h, const struct wire_rule *w, enum host from, unsigned number)
{
	const char *ip = h->family == 6 ? "ip6" : "ip", *ns = actor_names[from];
	char tuple[96], back[96];

	snprintf(tuple, sizeof tuple, "%s saddr . tcp sport . %s daddr . tcp dport", ip, ip);
	snprintf(back, sizeof back, "%s daddr . tcp dport . %s saddr . tcp sport", ip, ip);
	fprintf(h->out, "  ip netns exec %s nft -f - <<'RULES'\n  table %s rule%u {\n", ns, ip,
	        number);
	if (answers_fin(w->select.role))
		fprintf(h->out,
		        "    set fins { typeof %s; size 65536; flags dynamic; }\n"
		        "    chain in { type filter hook input priority 0;\n"
		        "      tcp flags & fin == fin add @fins { %s }\n    }\n",
		        tuple, tuple);
	if (w->times && !w->in_total)
		fprintf(h->out, "    set hit { typeof %s; size 65536; flags dynamic; }\n", tuple);
	fprintf(h->out, "    chain out { type filter hook output priority 0;\n      %s",
	        role_match(w->select.role));
	if (answers_fin(w->select.role))
		fprintf(h->out, " %s @fins", back);
	if (w->probability > 0 && w->probability < 1)
		fprintf(h->out, " numgen random mod 1000 < %.0f", w->probability * 1000);
	if (w->times && !w->in_total)
		fprintf(h->out, " add @hit { %s limit rate 1/day burst %u packets }", tuple,
		        w->times);
	else if (w->times)
		fprintf(h->out, " limit rate 1/day burst %u packets", w->times);
	fprintf(h->out, " counter drop\n    }\n  }\nRULES\n");
}

static void rule(struct hand *h, const struct wire_rule *w)
{
	unsigned number = (unsigned)(w - h->s->rules.v) + 1;

	fprintf(h->out, "  # The wire's rule: %s\n", w->text);
	if (!nft_can(w)) {
		fprintf(h->out, "  # (nft cannot do this: it only drops, and does not know a "
		                "segment's history)\n");
		return;
	}
	if (w->select.from != HOST_SERVER)
		nft_rule(h, w, HOST_CLIENT, number);
	if (w->select.from != HOST_CLIENT)
		nft_rule(h, w, HOST_SERVER, number);
}

/* Those in force from the beginning. */
static void rules(struct hand *h)
{
	array_each (const struct wire_rule, w, &h->s->rules)
		if (!w->off) {
			fputc('\n', h->out);
			rule(h, w);
		}
}

static void about_link(struct hand *h)
{
	if (scenario_link(h->s) != LINK_WIRE)
		return;
	fprintf(h->out,
	        "  # The lab joins the hosts by two TUN devices with its own relay between them. "
	        "By\n"
	        "  # hand it is a veth pair; to see the segments: ip netns exec client tcpdump -ni "
	        "client0 tcp\n");
}

/* ---- the peers, and what to type ---- */

static void option(struct hand *h, enum host host, const char *name, unsigned value)
{
	if (value)
		fprintf(h->out, "  %s> %u option %s=%u\n", actor_names[host], ++h->command[host],
		        name, value);
}

static void start(struct hand *h, enum host host)
{
	const struct host_spec *spec = &h->s->hosts[host];
	char a[64];

	h->command[host] = 0;
	fprintf(h->out, "  %s> ip netns exec %s lastack-%s\n", actor_names[host], actor_names[host],
	        actor_names[host]);
	option(h, host, "rcvbuf", spec->rcvbuf);
	option(h, host, "sndbuf", spec->sndbuf);
	if (spec->keepalive)
		fprintf(h->out, "  %s> %u option keepalive=on\n", actor_names[host],
		        ++h->command[host]);
	fprintf(h->out, "  %s> %u behave %s\n", actor_names[host], ++h->command[host],
	        spec->behaviour ? spec->behaviour : "idle");
	if (host != HOST_SERVER)
		return;
	for (unsigned n = 1; n <= spec->addresses; n++) {
		address(h, host, n, a, sizeof a);
		fprintf(h->out, "  server> %u listen %s%s%s:%d backlog=%u\n", ++h->command[host],
		        h->family == 6 ? "[" : "", a, h->family == 6 ? "]" : "", PORT,
		        spec->backlog);
	}
}

static void type_action(struct hand *h, const struct step *st, enum host host)
{
	char a[64], to[80], from[64] = "", order[ORDER_TEXT];

	address(h, HOST_SERVER, st->to, a, sizeof a);
	snprintf(to, sizeof to, h->family == 6 ? "[%s]:%d" : "%s:%d", a, PORT);
	if (st->from)
		address(h, HOST_CLIENT, st->from, from, sizeof from);
	fprintf(h->out, "  %s> %u %s\n", actor_names[host], ++h->command[host],
	        step_order(st, to, from, order, sizeof order));
}

static void act(struct hand *h, const struct step *st, enum host host)
{
	switch (st->action) {
	case DO_KILL:
		fprintf(h->out, "  kill -%s $(ip netns pids %s)\n", sigabbrev_np(st->signal),
		        actor_names[host]);
		return;
	case DO_START:
		start(h, host);
		return;
	case DO_SYSCTL:
		set(h, host, &st->sysctls);
		return;
	case DO_EXPECT:
		fprintf(h->out,
		        "  ip netns exec client ss -Htanoe; ip netns exec server ss -Htanoe\n");
		return;
	case DO_NFT:
		nft(h, &st->nft);
		return;
	case DO_CONNTRACK:
		fprintf(h->out, "  ip netns exec router conntrack -F%s\n",
		        st->count == ALL ? "" : "   # (here only the oldest of them)");
		return;
	case DO_RELEASE:
		fprintf(h->out, "  # (here the wire lets go what it held back: not by hand)\n");
		return;
	case DO_ADD:
		rule(h, &h->s->rules.v[st->rule]);
		return;
	case DO_REMOVE:
		fprintf(h->out, "  # (here the wire's rule ends: %s)\n",
		        st->rule_text ? st->rule_text : "all of them");
		return;
	case DO_CONNECT:
	case DO_SEND:
	case DO_CLOSE:
	case DO_SHUTDOWN:
	case DO_ABORT:
	case DO_CHURN:
	case DO_ACCEPT:
	case DO_READ:
	case DO_HOLD:
	case DO_COUNT:
		type_action(h, st, host);
	}
}

static void steps(struct hand *h)
{
	array_each (const struct step, st, &h->s->steps) {
		if (st->has_after && st->after_ns)
			fprintf(h->out, "  sleep %g\n", (double)st->after_ns / 1e9);
		if (st->actor == ACTOR_BOTH) {
			act(h, st, HOST_CLIENT);
			act(h, st, HOST_SERVER);
		} else {
			act(h, st, st->actor);
		}
	}
}

void story_by_hand(FILE *out, const struct scenario *s, unsigned family, story_ip *ip)
{
	struct hand h = {.out = out, .s = s, .family = family, .ip = ip};

	fprintf(out, "\nBy hand, as root, over IPv%u\n\n", family);
	about_link(&h);
	hosts(&h);
	rules(&h);
	fprintf(out, "\n  # In a terminal of its own each; what follows the > is typed (docs/"
	             "control-protocol.md):\n");
	start(&h, HOST_SERVER);
	start(&h, HOST_CLIENT);
	fprintf(out, "\n  # The steps:\n");
	steps(&h);
	fprintf(out, "\n  # And away with it:\n  ip netns del client; ip netns del server%s\n",
	        s->hosts[HOST_ROUTER].present ? "; ip netns del router" : "");
}
