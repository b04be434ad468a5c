/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of `lastack trace`. */
#include "cmd/trace.h"
#include "core/clock.h"
#include "option.h"

static int take_option(struct trace_options *o, int c, const char *text, struct err *err)
{
	long n;

	switch (c) {
	case 'n':
		o->netns = text;
		return 0;
	case 'p':
		if (option_number("--pid", text, 4194304, &n, err))
			return -1;
		o->pid = (pid_t)n;
		return 0;
	case 'P':
		if (option_number("--port", text, 65535, &n, err))
			return -1;
		o->port = (uint16_t)n;
		return 0;
	case 's':
		o->states = tcp_state_parse(text);
		if (o->states == ST_NEW_SYN_RECV)
			o->states = ST_SYN_RECV;
		if (o->states == ST_NONE)
			return err_set(err, ERR_INPUT, "--state '%s': no state of TCP", text);
		return 0;
	case 'f':
		if (duration_parse(text, &o->for_ns) || !o->for_ns)
			return err_set(err, ERR_INPUT,
			        "--for '%s': expected a time such as 500ms, 10s, 1m", text);
		return 0;
	case 'j':
		o->json = 1;
		return 0;
	case 'k':
		o->stacks = 1;
		return 0;
	case 'a':
		o->all = 1;
		return 0;
	case 'c':
		o->count = 1;
		return 0;
	}
	return -1;
}

int trace_options_take(struct trace_options *o, int argc, char **argv, struct err *err)
{
	static const struct option names[] = {
	        {"netns", required_argument, NULL, 'n'},
	        {"pid", required_argument, NULL, 'p'},
	        {"port", required_argument, NULL, 'P'},
	        {"state", required_argument, NULL, 's'},
	        {"for", required_argument, NULL, 'f'},
	        {"json", no_argument, NULL, 'j'},
	        {"stack", no_argument, NULL, 'k'},
	        {"all", no_argument, NULL, 'a'},
	        {"count", no_argument, NULL, 'c'},
	        {NULL, 0, NULL, 0},
	};
	int c;

	optind = 0;
	while ((c = option_next(argc, argv, "", names, err)) != -1)
		if (c == '?' || take_option(o, c, optarg, err))
			return -1;
	if (optind < argc)
		return err_set(err, ERR_INPUT, "trace takes no argument '%s'", argv[optind]);
	if (o->netns && o->pid)
		return err_set(err, ERR_INPUT, "--netns and --pid: one of them");
	if (o->count && (o->port || o->stacks || o->all || o->states != ST_NONE))
		return err_set(err, ERR_INPUT,
		        "--count counts all of the namespace: not with --port, --state, --stack or "
		        "--all");
	return 0;
}
