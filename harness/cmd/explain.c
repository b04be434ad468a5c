/* SPDX-License-Identifier: BSD-2-Clause */
/* The story of a scenario in words, the commands that build it by hand, and the language itself. */
#include "command.h"

#include "core/clock.h"
#include "load/catalogue.h"
#include "load/reference.h"
#include "netns/nft.h"
#include "netns/topology.h"
#include "option.h"
#include "report/story.h"

#include <stdlib.h>
#include <string.h>

struct options {
	unsigned family;
	int language;
};

static int parse(int argc, char **argv, struct options *o, struct err *err)
{
	static const struct option table[] = {
	        {"ip", required_argument, NULL, 'i'}, {"language", no_argument, NULL, 'l'}, {0}};
	int c;

	optind = 1;
	while ((c = option_next(argc, argv, "", table, err)) != -1) {
		switch (c) {
		case 'i':
			if (strcmp(optarg, "4") && strcmp(optarg, "6"))
				return err_set(
				        err, ERR_INPUT, "--ip: '%s' is neither 4 nor 6", optarg);
			o->family = *optarg == '6' ? 6 : 4;
			break;
		case 'l':
			o->language = 1;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

static void nft_command(void *out, const char *text)
{
	fprintf(out, "  ip netns exec router nft -f - <<'RULES'\n%sRULES\n", text);
}

/* The very lines that the lab gives to ip; where it has the wire, a veth pair instead. */
static void ip_commands(FILE *out, const struct scenario *s, enum host h)
{
	struct topology t = topology_of(s);
	char *lines, *save, *line;
	size_t n;
	FILE *in = must(open_memstream(&lines, &n));

	t.link = LINK_VETH;
	if (h == HOST_COUNT) {
		topology_spaces(&t, in);
		topology_veths(&t, in);
	} else {
		topology_host(&t, h, in);
	}
	fclose(in);
	for (line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		fprintf(out, "  ip %s%s%s%s\n", h == HOST_COUNT ? "" : "-n ",
		        h == HOST_COUNT ? "" : actor_names[h], h == HOST_COUNT ? "" : " ", line);
	free(lines);
	if (h == HOST_ROUTER)
		nft_shorthands_show(s, nft_command, out);
}

static void explain_one(const struct scenario *s, unsigned family)
{
	if (!family)
		family = s->families == 2 ? 6 : 4;
	story_tell(stdout, s, clock_hz());
	story_by_hand(stdout, s, family, ip_commands);
}

static int explain(int argc, char **argv)
{
	struct options o = {0};
	struct scenario **list;
	struct err err = {0};
	size_t n;

	if (parse(argc, argv, &o, &err))
		return command_error(&err);
	if (o.language) {
		reference_print(stdout);
		return EXIT_PASSED;
	}
	if (optind == argc) {
		fprintf(stderr, "lastack: explain which scenario? `lastack list` shows them\n");
		return EXIT_USAGE;
	}
	if (catalogue_find(argv + optind, argc - optind, &list, &n, &err))
		return command_error(&err);
	for (size_t i = 0; i < n; i++) {
		if (i)
			printf("\n%.*s\n\n", 80,
			        "------------------------------------------------------------------"
			        "--"
			        "------------");
		explain_one(list[i], o.family);
	}
	catalogue_free(list, n);
	return EXIT_PASSED;
}

const struct command command_explain = {
        .name = "explain",
        .usage = "explain [--ip 4|6] SCENARIO...",
        .help = "the story of a scenario in words, and the commands that build it by hand",
        .more = "SCENARIO is a file, a directory, a name as `lastack list` shows it, or a tag.\n"
                "\n"
                "  --ip 4|6     the family of the commands; default 4 where the scenario runs over "
                "it\n"
                "  --language   instead: the reference of the scenario language "
                "(docs/scenarios.md)\n",
        .main = explain,
};
