/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints what nft is given for a scenario's rules: nft_text SCENARIO client|server 4|6 */
#include "load/yaml.h"
#include "netns/nft_rules.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct err err = {0};
	struct scenario *s;
	int at = argc == 4 ? actor_parse(argv[2]) : -1;

	if (at != HOST_CLIENT && at != HOST_SERVER) {
		fputs("usage: nft_text SCENARIO client|server 4|6\n", stderr);
		return 2;
	}
	s = scenario_load(argv[1], &err);
	if (!s) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	if (nft_rules_concern(s, (enum host)at))
		nft_rules_print(s, (enum host)at, (unsigned)atoi(argv[3]), stdout);
	scenario_free(s);
	return 0;
}
