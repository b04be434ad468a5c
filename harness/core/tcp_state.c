/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_state.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char *const names[ST_COUNT] = {
        [ST_NONE] = "NONE",
        [ST_ESTABLISHED] = "ESTABLISHED",
        [ST_SYN_SENT] = "SYN_SENT",
        [ST_SYN_RECV] = "SYN_RECV",
        [ST_FIN_WAIT_1] = "FIN_WAIT_1",
        [ST_FIN_WAIT_2] = "FIN_WAIT_2",
        [ST_TIME_WAIT] = "TIME_WAIT",
        [ST_CLOSE] = "CLOSE",
        [ST_CLOSE_WAIT] = "CLOSE_WAIT",
        [ST_LAST_ACK] = "LAST_ACK",
        [ST_LISTEN] = "LISTEN",
        [ST_CLOSING] = "CLOSING",
        [ST_NEW_SYN_RECV] = "NEW_SYN_RECV",
        [ST_BOUND_INACTIVE] = "BOUND_INACTIVE",
};

static const struct {
	const char *word;
	enum tcp_state state;
} aliases[] = {
        {"ESTAB", ST_ESTABLISHED},
        {"SYNRECEIVED", ST_SYN_RECV},
        {"SYNRCVD", ST_SYN_RECV},
        {"CLOSED", ST_CLOSE},
        {"UNCONN", ST_CLOSE},
        {"LISTENING", ST_LISTEN},
        {"BOUND", ST_BOUND_INACTIVE},
};

const char *tcp_state_name(enum tcp_state s)
{
	return s < ST_COUNT ? names[s] : "?";
}

/* Upper case, without '-', '_' and blanks, so that all spellings of a name meet. */
static void plain(char *out, size_t size, const char *word)
{
	size_t n = 0;

	for (; *word && n + 1 < size; word++)
		if (*word != '-' && *word != '_' && *word != ' ')
			out[n++] = (char)toupper((unsigned char)*word);
	out[n] = 0;
}

enum tcp_state tcp_state_parse(const char *word)
{
	char want[32], have[32];

	plain(want, sizeof want, word);
	for (int s = ST_ESTABLISHED; s < ST_COUNT; s++) {
		plain(have, sizeof have, names[s]);
		if (!strcmp(want, have))
			return s;
	}
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (!strcmp(want, aliases[i].word))
			return aliases[i].state;
	return ST_NONE;
}
