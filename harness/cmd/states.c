/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP sockets of this machine: their state, what they wait for, and whose they are. */
#include "states.h"
#include "command.h"
#include "option.h"

#include "core/words.h"
#include "observe/netns_enter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	struct inventory_query query;
	const char *netns;
	pid_t pid;
	int kernel, json;
};

static int unknown_state(const char *word, struct err *err)
{
	const char *names[ST_COUNT], *near;
	char list[256] = "";
	size_t n = 0;

	for (int i = 0; i < ST_COUNT; i++) {
		if (i == ST_NONE || i == ST_NEW_SYN_RECV)
			continue;
		names[n++] = tcp_state_name((enum tcp_state)i);
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
		        tcp_state_name((enum tcp_state)i));
	}
	near = words_nearest(word, names, n);
	if (near)
		return err_set(
		        err, ERR_INPUT, "there is no state '%s'; did you mean %s?", word, near);
	return err_set(err, ERR_INPUT, "there is no state '%s', only %s", word, list);
}

static int add_state(struct options *o, const char *word, struct err *err)
{
	enum tcp_state s = tcp_state_parse(word);

	/* A socket in CLOSE is in no table of the kernel, unless it is bound to a port. */
	if (s == ST_CLOSE)
		s = ST_BOUND_INACTIVE;
	if (s == ST_NEW_SYN_RECV) /* as in the rows of sock_diag */
		s = ST_SYN_RECV;
	if (s != ST_NONE) {
		o->query.states |= 1u << s;
		return 0;
	}
	return unknown_state(word, err);
}

static int add_option(struct options *o, const char *name, const char *value, struct err *err)
{
	long n;

	if (!value)
		return err_set(err, ERR_INPUT, "%s needs a value", name);
	if (!strcmp(name, "--netns")) {
		o->netns = value;
		return 0;
	}
	if (!strcmp(name, "--pid")) {
		if (option_number(name, value, 1 << 22, &n, err) < 0)
			return -1;
		o->pid = (pid_t)n;
		return 0;
	}
	if (option_number(name, value, 65535, &n, err) < 0)
		return -1;
	o->query.port = (uint16_t)n;
	return 0;
}

static int unknown_option(const char *word, struct err *err)
{
	static const char *const names[] = {"--netns", "--pid", "--port", "--kernel", "--json"};
	const char *near = words_nearest(word, names, sizeof names / sizeof *names);

	return err_set(err, ERR_INPUT, "states has no option '%s'%s%s%s", word,
	        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int takes_value(const char *word)
{
	return !strcmp(word, "--netns") || !strcmp(word, "--pid") || !strcmp(word, "--port");
}

static int parse(int argc, char **argv, struct options *o, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (!strcmp(word, "--kernel")) {
			o->kernel = 1;
		} else if (!strcmp(word, "--json")) {
			o->json = 1;
		} else if (takes_value(word)) {
			if (add_option(o, word, i + 1 < argc ? argv[i + 1] : NULL, err) < 0)
				return -1;
			i++;
		} else if (word[0] == '-') {
			return unknown_option(word, err);
		} else if (add_state(o, word, err) < 0) {
			return -1;
		}
	}
	if (o->netns && o->pid)
		return err_set(err, ERR_INPUT, "--netns and --pid: one of them");
	if (!o->query.states)
		o->query.states = SOCK_DIAG_ALL;
	/* CLOSE is what BOUND_INACTIVE was asked for by, too. They have no port. */
	o->query.unconnected =
	        !o->query.port && !o->kernel &&
	        (o->query.states == SOCK_DIAG_ALL || o->query.states & 1u << ST_BOUND_INACTIVE);
	return 0;
}

static int enter(const struct options *o, struct err *err)
{
	if (o->netns)
		return netns_enter_name(o->netns, err);
	return o->pid ? netns_enter_pid(o->pid, err) : 0;
}

static int is_kernels(const struct inventory_socket *s)
{
	return s->holder == HELD_BY_KERNEL || s->holder == HELD_BY_UNHELD;
}

/* --kernel: nothing but what the kernel holds itself, or may hold. */
static void keep_the_kernels(struct inventory *inv)
{
	array_each (struct inventory_socket, s, &inv->sockets)
		s->shown &= is_kernels(s);
}

static int can_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static int print(const struct options *o, const struct inventory *inv)
{
	struct out out = {0};
	struct err err;

	if (o->json)
		states_print_json(&out, inv, o->netns ? o->netns : "");
	else
		states_print_text(&out, inv, can_colour());
	if (out_end(&out) < 0) {
		err_sys(&err, "writing the list");
		return command_error(&err);
	}
	if (!inv->all_visible)
		fputs("lastack: not root outside of any container: the owners of other users' "
		      "sockets cannot be seen\n",
		        stderr);
	return EXIT_PASSED;
}

static int states(int argc, char **argv)
{
	struct options o = {0};
	struct inventory inv;
	struct err err;
	int code;

	if (parse(argc, argv, &o, &err) < 0 || enter(&o, &err) < 0)
		return command_error(&err);
	if (o.kernel && !owners_all_visible()) {
		err_set(&err, ERR_MISSING,
		        "root: only who sees every process can tell what none of them holds");
		return command_error(&err);
	}
	if (inventory_take(&o.query, &inv, &err) < 0)
		return command_error(&err);
	if (o.kernel)
		keep_the_kernels(&inv);
	code = print(&o, &inv);
	inventory_free(&inv);
	return code;
}

const struct command command_states = {
        .name = "states",
        .usage = "states [STATE...] [--netns NAME|--pid PID] [--port N] [--kernel] [--json]",
        .help = "the TCP sockets of this machine: timers, queues, age, and whose they are",
        .main = states,
        .more = "STATE is any spelling of one: CLOSE_WAIT, close-wait, FIN_WAIT2, ESTAB, LISTEN.\n"
                "Without one, all but those only bound to a port: BOUND_INACTIVE.\n"
                "\n"
                "  --netns NAME  of the network namespace /run/netns/NAME\n"
                "  --pid PID     of the network namespace of that process\n"
                "  --port N      only with this local or remote port\n"
                "  --kernel      only what the kernel itself holds; with LISTEN: its services\n"
                "  --json        for programs; the shape is described in lastack-states(1)\n"
                "\n"
                "OWNER is PID/COMMAND fd N, all of them when several processes share the socket;\n"
                "or, in brackets, why there is none:\n"
                "  (minisocket)    closed by its program; the kernel keeps a small stand-in and "
                "a timer\n"
                "  (orphan)        closed by its program; the kernel ends the connection alone\n"
                "  (not accepted)  it waits for the accept() of the listener that is named\n"
                "  (handshake)     not even complete: the listener that is named will get it\n"
                "  (kernel)        made by the kernel for itself: NFS, MPTCP and the like\n"
                "  (hidden)        a file that no descriptor names: registered with an io_uring, "
                "being\n"
                "                  passed from one process to another, or in a close() that waits\n"
                "  (kernel?)       one of the two before: without BPF they look alike\n"
                "  (not visible)   perhaps another user's process: only root sees them all\n"
                "\n"
                "AGE is how long the socket has been in its state, where the kernel knows: exact "
                "for\n"
                "TIME_WAIT (from its timer), and at least so long for CLOSE_WAIT, FIN_WAIT_2 "
                "and\n"
                "CLOSING (since the last ACK from the peer). RECV-Q of a CLOSE_WAIT counts the "
                "FIN\n"
                "as one byte.\n",
};
