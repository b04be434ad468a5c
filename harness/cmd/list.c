/* SPDX-License-Identifier: BSD-2-Clause */
/* The scenarios that there are. */
#include "command.h"

#include "load/catalogue.h"
#include "option.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct options {
	int json, fast, slow, only_tags;
};

static int parse(int argc, char **argv, struct options *o, struct err *err)
{
	static const struct option table[] = {{"json", no_argument, NULL, 'j'},
	        {"fast", no_argument, NULL, 'f'}, {"slow", no_argument, NULL, 's'},
	        {"tags", no_argument, NULL, 't'}, {0}};
	int c;

	optind = 1;
	while ((c = option_next(argc, argv, "", table, err)) != -1) {
		switch (c) {
		case 'j':
			o->json = 1;
			break;
		case 'f':
			o->fast = 1;
			break;
		case 's':
			o->slow = 1;
			break;
		case 't':
			o->only_tags = 1;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

static int wanted(const struct scenario *s, const struct options *o)
{
	if (!o->fast && !o->slow)
		return 1;
	return scenario_is_slow(s) ? o->slow : o->fast;
}

static const char *tier(const struct scenario *s)
{
	return scenario_is_slow(s) ? "slow" : "fast";
}

/* ---- JSON ---- */

static json_t *words_json(const words *w)
{
	json_t *a = json_array();

	array_each (char *const, s, w)
		json_array_append_new(a, json_string(*s));
	return a;
}

static json_t *scenario_json(const struct scenario *s)
{
	json_t *ip = json_array();

	if (s->families & 1)
		json_array_append_new(ip, json_integer(4));
	if (s->families & 2)
		json_array_append_new(ip, json_integer(6));
	return json_pack("{ss ss ss ss* so so so ss ss}", "name", s->name, "tier", tier(s), "claim",
	        s->claim, "source", s->source, "tags", words_json(&s->tags), "needs",
	        words_json(&s->needs), "ip", ip, "link",
	        scenario_link(s) == LINK_WIRE ? "wire" : "veth", "file", s->path);
}

static void print_json(struct scenario **list, size_t n, const struct options *o)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		if (wanted(list[i], o))
			json_array_append_new(all, scenario_json(list[i]));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* ---- a table ---- */

/* The columns of the terminal; 0, no limit, where the output is not for eyes. */
static size_t terminal_width(void)
{
	struct winsize w;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col >= 40 ? w.ws_col : 80;
}

/* The claim, broken at `width` and indented under its column. */
static void print_claim(const char *claim, size_t indent, size_t width)
{
	size_t at = indent;

	if (!width || indent + 20 > width) {
		puts(claim);
		return;
	}
	while (*claim) {
		size_t n = strcspn(claim, " ");

		if (at > indent && at + 1 + n > width) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, claim);
		at += n;
		claim += n;
		claim += strspn(claim, " ");
	}
	putchar('\n');
}

static void print_table(struct scenario **list, size_t n, const struct options *o)
{
	static const char *const ips[] = {"-", "4", "6", "4 6"};
	size_t name = 4, width = terminal_width();

	for (size_t i = 0; i < n; i++)
		if (wanted(list[i], o) && strlen(list[i]->name) > name)
			name = strlen(list[i]->name);
	for (size_t i = 0; i < n; i++) {
		const struct scenario *s = list[i];

		if (!wanted(s, o))
			continue;
		printf("%-*s  %s  %-3s  ", (int)name, s->name, tier(s), ips[s->families & 3]);
		print_claim(s->claim, name + 13, width);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each tag with the number of scenarios that have it. */
static void print_tags(struct scenario **list, size_t n, const struct options *o)
{
	ARRAY(char *) tags = {0};

	for (size_t i = 0; i < n; i++)
		if (wanted(list[i], o))
			array_each (char *, t, &list[i]->tags)
				array_push(&tags, *t);
	if (tags.n)
		qsort(tags.v, tags.n, sizeof *tags.v, by_text);
	for (size_t i = 0, j; i < tags.n; i = j) {
		for (j = i; j < tags.n && !strcmp(tags.v[i], tags.v[j]); j++)
			;
		printf("%-16s %zu\n", tags.v[i], j - i);
	}
	array_free(&tags);
}

static int list_main(int argc, char **argv)
{
	struct scenario **list;
	struct options o = {0};
	struct err err = {0};
	size_t n;

	if (parse(argc, argv, &o, &err))
		return command_error(&err);
	if (catalogue_find(argv + optind, argc - optind, &list, &n, &err))
		return command_error(&err);
	if (o.json)
		print_json(list, n, &o);
	else if (o.only_tags)
		print_tags(list, n, &o);
	else
		print_table(list, n, &o);
	catalogue_free(list, n);
	return EXIT_PASSED;
}

const struct command command_list = {
        .name = "list",
        .usage = "list [--fast|--slow] [--tags] [--json] [SCENARIO|DIR|TAG]...",
        .help = "the scenarios: name, tier, families, claim",
        .more = "  --fast, --slow  only that tier\n"
                "  --tags          the tags, and how many scenarios have each\n"
                "  --json          everything about them\n",
        .main = list_main,
};
