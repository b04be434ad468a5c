/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "T VERB NAME=VALUE ..." to an event. Strict: what a peer says decides verdicts, so a line that is
 * not exactly of the protocol is an error of the lab, not something to make the best of.
 */
#include "observe/peerlog.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE 512

static int number(const char *word, uint64_t max, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*word))
		return -1;
	errno = 0;
	*ret = strtoull(word, &end, 10);
	return *end || errno || *ret > max ? -1 : 0;
}

static int read_cookie(const char *value, struct event *e)
{
	return number(value, UINT64_MAX, &e->cookie);
}

static int read_bytes(const char *value, struct event *e)
{
	return number(value, UINT64_MAX, &e->peer.bytes);
}

static int read_id(const char *value, struct event *e)
{
	uint64_t n;

	if (number(value, UINT32_MAX, &n) < 0 || !n)
		return -1;
	e->peer.connection = (unsigned)n;
	return 0;
}

static int read_command(const char *value, struct event *e)
{
	uint64_t n;

	if (number(value, UINT32_MAX, &n) < 0)
		return -1;
	e->peer.command = (unsigned)n;
	return 0;
}

static int read_local(const char *value, struct event *e)
{
	return endpoint_parse(value, &e->tuple.local);
}

static int read_remote(const char *value, struct event *e)
{
	return endpoint_parse(value, &e->tuple.remote);
}

/* There is no function from a name to its number: look through the numbers. */
static int read_error(const char *value, struct event *e)
{
	for (int i = 1; i < 4096; i++) {
		const char *name = strerrorname_np(i);

		if (!name || strcmp(name, value))
			continue;
		e->peer.error = i;
		return 0;
	}
	return -1;
}

static int read_call(const char *value, struct event *e)
{
	size_t n = strlen(value);

	if (!n || n >= sizeof e->peer.call)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)value[i]) && !isdigit((unsigned char)value[i]) &&
		        value[i] != '_')
			return -1;
	memcpy(e->peer.call, value, n + 1);
	return 0;
}

enum field { F_ID, F_COOKIE, F_LOCAL, F_REMOTE, F_BYTES, F_CALL, F_ERROR, F_COMMAND, F_COUNT };

static const struct {
	const char *name;
	int (*read)(const char *value, struct event *e);
} fields[F_COUNT] = {
        [F_ID] = {"id", read_id},
        [F_COOKIE] = {"cookie", read_cookie},
        [F_LOCAL] = {"local", read_local},
        [F_REMOTE] = {"remote", read_remote},
        [F_BYTES] = {"bytes", read_bytes},
        [F_CALL] = {"call", read_call},
        [F_ERROR] = {"error", read_error},
        [F_COMMAND] = {"command", read_command},
};

#define BIT(f)     (1u << (f))
#define NAMES      (BIT(F_COOKIE) | BIT(F_LOCAL) | BIT(F_REMOTE))
#define CONNECTION (BIT(F_ID) | NAMES)

/* What a report must have, and what it may have besides. */
static const struct {
	unsigned must, may;
} shapes[PEER_VERB_COUNT] = {
        [PEER_READY] = {0, 0},
        [PEER_LISTENING] = {BIT(F_LOCAL), BIT(F_COOKIE)},
        [PEER_CONNECTED] = {CONNECTION, 0},
        [PEER_ACCEPTED] = {CONNECTION, 0},
        [PEER_RECEIVED] = {BIT(F_ID) | BIT(F_BYTES), NAMES},
        [PEER_SENT] = {BIT(F_ID) | BIT(F_BYTES), NAMES},
        [PEER_EOF] = {BIT(F_ID), NAMES},
        [PEER_SHUT] = {BIT(F_ID), NAMES},
        [PEER_CLOSED] = {BIT(F_ID), NAMES},
        [PEER_FAILED] = {BIT(F_CALL) | BIT(F_ERROR), CONNECTION | BIT(F_COMMAND)},
        [PEER_DONE] = {BIT(F_COMMAND), 0},
        /* PEER_EXITED is the runner's word: no peer can report its own end */
};

static int read_field(char *word, struct event *e, unsigned *have, struct err *err)
{
	char *equals = strchr(word, '=');

	if (!equals)
		return err_set(err, ERR_LAB, "'%.64s' is not NAME=VALUE", word);
	*equals = 0;
	for (unsigned f = 0; f < F_COUNT; f++) {
		if (strcmp(word, fields[f].name))
			continue;
		if (*have & BIT(f))
			return err_set(err, ERR_LAB, "%s= is there twice", word);
		*have |= BIT(f);
		if (fields[f].read(equals + 1, e) < 0)
			return err_set(err, ERR_LAB, "%s=%.80s cannot be", word, equals + 1);
		return 0;
	}
	return err_set(err, ERR_LAB, "a report has no '%.64s='", word);
}

static int read_verb(const char *word, struct event *e, struct err *err)
{
	for (int v = 0; v < PEER_EXITED; v++) {
		if (strcmp(word, peer_verb_names[v]))
			continue;
		e->peer.verb = v;
		return 0;
	}
	return err_set(err, ERR_LAB, "'%.64s' is no report", word);
}

static int check_shape(const struct event *e, unsigned have, struct err *err)
{
	const char *verb = peer_verb_names[e->peer.verb];
	unsigned must_have = shapes[e->peer.verb].must;
	unsigned unfit = have & ~(must_have | shapes[e->peer.verb].may);

	for (unsigned f = 0; f < F_COUNT; f++) {
		if (must_have & ~have & BIT(f))
			return err_set(err, ERR_LAB, "'%s' without %s=", verb, fields[f].name);
		if (unfit & BIT(f))
			return err_set(err, ERR_LAB, "'%s' has no %s=", verb, fields[f].name);
	}
	return 0;
}

/* The next word: words are parted by one space. NULL at the end. */
static char *next_word(char **rest)
{
	return strsep(rest, " ");
}

int peerlog_parse(const char *line, struct event *ret, struct err *err)
{
	struct event e = {.kind = EV_PEER, .source = SRC_PEER};
	char copy[LINE], *rest = copy, *word;
	unsigned have = 0;
	size_t n = strlen(line);

	if (n >= sizeof copy)
		return err_set(err, ERR_LAB, "a report of %zu bytes is too long", n);
	memcpy(copy, line, n + 1);
	word = next_word(&rest);
	if (number(word, UINT64_MAX, &e.t_ns) < 0)
		return err_set(err, ERR_LAB, "'%.64s' is no time in nanoseconds", word);
	word = next_word(&rest);
	if (!word)
		return err_set(err, ERR_LAB, "a time without a report");
	if (read_verb(word, &e, err) < 0)
		return -1;
	while ((word = next_word(&rest)))
		if (read_field(word, &e, &have, err) < 0)
			return -1;
	if (check_shape(&e, have, err) < 0)
		return -1;
	*ret = e;
	return 0;
}
