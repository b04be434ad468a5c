/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands that both programs know: what to do with connections that are there. */
#include "command.h"
#include "job.h"
#include "peer.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* on=all|N|#ID */
struct selection {
	unsigned long count; /* the oldest so many; 0 with an id */
	unsigned long id;    /* 0: none in particular */
	bool exact;          /* fewer than asked for is a failure */
};

#define EVERY UINT32_MAX

static int select_parse(const struct command *c, struct selection *ret, struct err *err)
{
	const char *word = command_option(c, "on");

	*ret = (struct selection){.count = EVERY};
	if (!word || !strcmp(word, "all"))
		return 0;
	ret->exact = true;
	if (*word == '#') {
		ret->count = 0;
		return command_number(word + 1, "a connection's id", UINT32_MAX, &ret->id, err);
	}
	return command_number(word, "on=", UINT32_MAX - 1, &ret->count, err);
}

struct act {
	bool (*fits)(const struct conn *c);
	void (*run)(struct conn *c, void *arg);
	void *arg;
};

/* Does it to each connection that is selected, the oldest first. */
static void act_on(struct peer *p, const struct selection *s, const struct act *a, unsigned command)
{
	struct conn *c = TAILQ_FIRST(&p->conns), *next;
	unsigned long left = s->id ? 1 : s->count;

	for (; c && left; c = next) {
		next = TAILQ_NEXT(c, entry);
		if ((s->id && c->id != s->id) || !a->fits(c))
			continue;
		a->run(c, a->arg);
		left--;
	}
	if (!s->exact || !left)
		return;
	fprintf(stderr, "%s: command %u: %lu of the connections are not there\n", p->program->name,
	        command, left);
	report_failed_command(p, command, "command", ENOENT);
}

static bool is_open(const struct conn *c)
{
	return !c->connecting && !c->broken;
}

static bool is_not_shut(const struct conn *c)
{
	return is_open(c) && !c->shut;
}

static bool is_not_closing(const struct conn *c)
{
	return !c->closing;
}

static bool is_any(const struct conn *c)
{
	(void)c;
	return true;
}

static int run(struct peer *p, const struct command *c, const struct act *a, struct err *err)
{
	struct selection s;

	if (select_parse(c, &s, err) < 0)
		return -1;
	act_on(p, &s, a, c->number);
	return 0;
}

static void close_one(struct conn *c, void *arg)
{
	(void)arg;
	conn_finish(c);
}

static int run_close(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	(void)j;
	return run(p, c, &(struct act){.fits = is_not_closing, .run = close_one}, err);
}

static void shutdown_one(struct conn *c, void *arg)
{
	(void)arg;
	conn_shutdown(c);
}

static int run_shutdown(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	(void)j;
	return run(p, c, &(struct act){.fits = is_not_shut, .run = shutdown_one}, err);
}

static void abort_one(struct conn *c, void *arg)
{
	(void)arg;
	conn_abort(c);
}

static int run_abort(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	(void)j;
	return run(p, c, &(struct act){.fits = is_any, .run = abort_one}, err);
}

struct sending {
	unsigned long bytes;
	struct job *job;
};

static void send_one(struct conn *c, void *arg)
{
	const struct sending *s = arg;

	conn_send(c, s->bytes, s->job);
}

static int run_send(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	struct sending s = {.job = j};

	if (command_number(c->args[0], "BYTES", 1ul << 50, &s.bytes, err) < 0)
		return -1;
	return run(p, c, &(struct act){.fits = is_open, .run = send_one, .arg = &s}, err);
}

static int run_behave(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	const struct behaviour *b = behaviour_find(c->args[0]);

	(void)j;
	if (!b)
		return err_set(err, ERR_INPUT, "there is no behaviour '%.64s'", c->args[0]);
	peer_behave(p, b);
	return 0;
}

static int run_read(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	bool on;

	(void)j;
	if (command_switch(c->args[0], &on, err) < 0)
		return -1;
	peer_set_reading(p, on);
	return 0;
}

static int run_hold(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	(void)c, (void)j, (void)err;
	p->held = true;
	return 0;
}

static int read_size(const struct command *c, const char *name, int *ret, struct err *err)
{
	const char *word = command_option(c, name);
	unsigned long n;

	if (!word)
		return 0;
	if (command_number(word, name, 1ul << 30, &n, err) < 0)
		return -1;
	*ret = (int)n;
	return 0;
}

static int read_quiet(const struct command *c, bool *ret, struct err *err)
{
	const char *word = command_option(c, "reports");

	if (!word)
		return 0;
	*ret = !strcmp(word, "quiet");
	if (!*ret && strcmp(word, "full"))
		return err_set(err, ERR_INPUT, "reports=quiet or reports=full, not '%.64s'", word);
	return 0;
}

static int read_keepalive(const struct command *c, bool *ret, struct err *err)
{
	const char *word = command_option(c, "keepalive");

	if (!word)
		return 0;
	*ret = !strcmp(word, "on");
	if (!*ret && strcmp(word, "off"))
		return err_set(err, ERR_INPUT, "keepalive=on or keepalive=off, not '%.64s'", word);
	return 0;
}

static int run_option(struct peer *p, const struct command *c, struct job *j, struct err *err)
{
	int rcvbuf = p->rcvbuf, sndbuf = p->sndbuf;
	bool quiet = p->quiet, keepalive = p->keepalive;

	(void)j;
	if (read_size(c, "rcvbuf", &rcvbuf, err) < 0 || read_size(c, "sndbuf", &sndbuf, err) < 0 ||
	        read_quiet(c, &quiet, err) < 0 || read_keepalive(c, &keepalive, err) < 0)
		return -1;
	p->rcvbuf = rcvbuf;
	p->sndbuf = sndbuf;
	p->quiet = quiet;
	p->keepalive = keepalive;
	peer_sync(p);
	return 0;
}

const struct verb common_verbs[] = {
        {"behave", "NAME", 1, "", run_behave},
        {"send", "BYTES [on=all|N|#ID]", 1, "on ", run_send},
        {"close", "[on=all|N|#ID]", 0, "on ", run_close},
        {"shutdown", "[on=all|N|#ID]", 0, "on ", run_shutdown},
        {"abort", "[on=all|N|#ID]", 0, "on ", run_abort},
        {"read", "on|off", 1, "", run_read},
        {"hold", "", 0, "", run_hold},
        {"option", "[rcvbuf=BYTES] [sndbuf=BYTES] [keepalive=on|off] [reports=quiet|full]", 0,
                "rcvbuf sndbuf keepalive reports ", run_option},
        {0},
};
