/* SPDX-License-Identifier: BSD-2-Clause */
/* lastack-server: accepts connections, and ends them as it is told. */
#include "listen.h"
#include "peers/behaviour.h"
#include "peers/peer.h"
#include "peers/usage.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const struct verb verbs[] = {
        {"listen", "ADDR:PORT [backlog=N]", 1, "backlog ", listen_run},
        {"accept", "on|off", 1, "", accept_run},
        {0},
};

static const struct program program = {
        .name = "lastack-server",
        .verbs = verbs,
        .sync = listeners_sync,
        .catch_up = listeners_drain,
};

static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'},
        {"behave", required_argument, NULL, 'b'},
        {"backlog", required_argument, NULL, 'n'},
        USAGE_OPTIONS,
};

static void help(void)
{
	usage_print(verbs, "lastack-server",
	        "accepts TCP connections, and ends them in a chosen way",
	        "lastack-server [--listen ADDR:PORT] [--backlog N] [--behave NAME]");
	printf("\nWith --behave answer it is a server for lastack bench --against ADDR:PORT.\n");
}

int main(int argc, char **argv)
{
	const char *address = NULL, *behave = NULL, *backlog = "4096";
	struct peer *p;

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'l':
			address = optarg;
			break;
		case 'b':
			behave = optarg;
			break;
		case 'n':
			backlog = optarg;
			break;
		case 'h':
			help();
			return 0;
		case 'V':
			printf("lastack-server %s\n", LASTACK_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lastack-server: '%s' is too much (see --help)\n", argv[optind]);
		return 2;
	}
	p = peer_new(&program);
	if (behave && command_order(p, "1 behave %s", behave) < 0)
		peer_quit(p, 2);
	if (address && command_order(p, "2 listen %s backlog=%s", address, backlog) < 0)
		peer_quit(p, 2);
	if (p->failures) /* the address is taken, or not ours */
		peer_quit(p, 3);
	peer_run(p, address);
}
