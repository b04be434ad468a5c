/* SPDX-License-Identifier: BSD-2-Clause */
/* lastack-client: opens connections, and ends them as it is told. */
#include "open.h"
#include "peers/behaviour.h"
#include "peers/peer.h"
#include "peers/usage.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const struct verb verbs[] = {
        {"connect", "COUNT ADDR:PORT [from=ADDR] [rate=R] [at=once]", 2, "from rate at ",
                connect_run},
        {"churn", "COUNT ADDR:PORT [from=ADDR] [rate=R] [first=client|server]", 2,
                "from rate first ", churn_run},
        {0},
};

static const struct program program = {
        .name = "lastack-client",
        .verbs = verbs,
};

static const struct option options[] = {
        {"connect", required_argument, NULL, 'c'},
        {"count", required_argument, NULL, 'n'},
        {"behave", required_argument, NULL, 'b'},
        {"from", required_argument, NULL, 'f'},
        {"rate", required_argument, NULL, 'r'},
        USAGE_OPTIONS,
};

struct wish {
	const char *to, *count, *behave, *from, *rate;
};

static void help(void)
{
	usage_print(verbs, "lastack-client", "opens TCP connections, and ends them in a chosen way",
	        "lastack-client [--connect ADDR:PORT] [--count N] [--behave NAME]\n"
	        "                      [--from ADDR] [--rate R]");
}

/* -1, or the exit code of a program that has nothing more to do. */
static int take_options(int argc, char **argv, struct wish *ret)
{
	*ret = (struct wish){.count = "1"};
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'c':
			ret->to = optarg;
			break;
		case 'n':
			ret->count = optarg;
			break;
		case 'b':
			ret->behave = optarg;
			break;
		case 'f':
			ret->from = optarg;
			break;
		case 'r':
			ret->rate = optarg;
			break;
		case 'h':
			help();
			return 0;
		case 'V':
			printf("lastack-client %s\n", LASTACK_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "lastack-client: '%s' is too much (see --help)\n", argv[optind]);
	return 2;
}

static int order(struct peer *p, const struct wish *w)
{
	if (w->behave && command_order(p, "1 behave %s", w->behave) < 0)
		return -1;
	if (!w->to)
		return 0;
	return command_order(p, "2 connect %s %s%s%s%s%s", w->count, w->to, w->from ? " from=" : "",
	        w->from ? w->from : "", w->rate ? " rate=" : "", w->rate ? w->rate : "");
}

int main(int argc, char **argv)
{
	struct wish w;
	int code = take_options(argc, argv, &w);
	struct peer *p;

	if (code >= 0)
		return code;
	p = peer_new(&program);
	if (order(p, &w) < 0)
		peer_quit(p, 2);
	peer_run(p, w.to);
}
