/* SPDX-License-Identifier: BSD-2-Clause */
#include "story_glossary.h"

/* In the order in which a connection meets them. */
static const struct {
	enum tcp_state state;
	const char *help;
} states[] = {
        {ST_LISTEN, "waits for connections"},
        {ST_SYN_SENT, "has asked for a connection, and waits for the answer"},
        {ST_SYN_RECV, "was asked for a connection and has answered, and waits for the last ACK of "
                      "the handshake"},
        {ST_NEW_SYN_RECV, "Linux: SYN_RECV as a small request, before there is a socket"},
        {ST_ESTABLISHED, "both sides can send"},
        {ST_FIN_WAIT_1, "has closed: its FIN is sent, and not acknowledged yet"},
        {ST_FIN_WAIT_2, "its FIN is acknowledged; it waits for the FIN of the other side, which "
                        "may take its time"},
        {ST_CLOSE_WAIT, "the other side has closed; the kernel waits for this side's program to "
                        "call close(), for as long as that takes"},
        {ST_CLOSING, "both have closed at once: the other side's FIN came before the ACK of its "
                     "own"},
        {ST_LAST_ACK, "has closed second: its FIN is sent, and it waits for the ACK of that, the "
                      "last one"},
        {ST_TIME_WAIT, "all is closed and acknowledged; it stays for 60 s to answer a FIN that "
                       "comes again, and to keep old segments out of a new connection"},
        {ST_CLOSE, "no connection: the socket is in no table of the kernel"},
};

static unsigned states_of(const struct scenario *s)
{
	unsigned mask = 0;

	array_each (const struct step, st, &s->steps)
		array_each (const struct expectation, x, &st->expectations) {
			if (x->state != ST_NONE)
				mask |= 1u << x->state;
			array_each (const struct path_state, p, &x->path)
				mask |= 1u << p->state;
		}
	return mask;
}

static unsigned roles_of(const struct scenario *s)
{
	unsigned mask = 0;

	array_each (const struct wire_rule, r, &s->rules)
		if (r->select.role >= 0)
			mask |= 1u << r->select.role;
	array_each (const struct step, st, &s->steps)
		array_each (const struct expectation, x, &st->expectations) {
			if (x->host == ACTOR_WIRE && x->segment.role >= 0)
				mask |= 1u << x->segment.role;
			array_each (const struct segment_selector, g, &x->order)
				if (g->role >= 0)
					mask |= 1u << g->role;
		}
	return mask;
}

static void entry(struct prose *p, const char *name, const char *help)
{
	char lead[48];

	snprintf(lead, sizeof lead, "  %-16s", name);
	prose_add(p, "%s", help);
	prose_end(p, lead);
}

void story_glossary(struct prose *p, const struct scenario *s)
{
	unsigned named = states_of(s), roles = roles_of(s);

	if (!named && !roles)
		return;
	prose_heading(p, "The words in it");
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (named & 1u << states[i].state)
			entry(p, tcp_state_name(states[i].state), states[i].help);
	for (int r = 0; r < ROLE_COUNT; r++)
		if (roles & 1u << r)
			entry(p, segment_role_names[r], segment_role_helps[r]);
}
