/* SPDX-License-Identifier: BSD-2-Clause */
#include "reference.h"

#include "model/capability.h"
#include "yaml_internal.h"

#include <string.h>

static const char intro[] =
        "# The language of scenarios\n"
        "\n"
        "<!-- Made by `make reference` from the tables of the parser; not to be edited. -->\n"
        "\n"
        "A scenario is a YAML file with one claim, which is true or false, and a list of steps "
        "that find\n"
        "out. A step is one actor and one action; the steps follow each other in time. `lastack "
        "explain\n"
        "FILE` tells it in words; a mistake in it is reported with file, line and column, and the "
        "nearest\n"
        "valid name.\n"
        "\n"
        "```yaml\n"
        "claim: A lost last ACK costs one retransmitted FIN\n"
        "link: wire\n"
        "wire:\n"
        "- {drop: last-ack, from: client, times: 1}\n"
        "steps:\n"
        "- client: {connect: 1}\n"
        "- client: {close: all}\n"
        "- server: {close: all}\n"
        "- expect:\n"
        "    server: {path: [ESTABLISHED, CLOSE_WAIT, {LAST_ACK: 1 retransmission}, CLOSE]}\n"
        "    client: {TIME_WAIT: 1}\n"
        "    wire: {fin from server: 2, last-ack from client: 2, dropped: 1}\n"
        "```\n";

static const char values[] =
        "\n## Values\n"
        "\n"
        "| written | means |\n"
        "|---|---|\n"
        "| `100` | exactly so many |\n"
        "| `\">= 90\"`, `\"> 3\"`, `\"<= 5\"`, `\"< 8\"` | a comparison (in quotes: `>` begins "
        "something else in YAML) |\n"
        "| `\"3 .. 5\"` | from 3 to 5, both included |\n"
        "| `300ms`, `60s`, `2m` | a duration: us, ms, s, m, h |\n"
        "| `\"200ms .. 300ms\"`, `\">= 1s\"` | durations alike |\n"
        "| `{TIME_WAIT: 60s}` | in a path: the length of a kernel timer. The window in which such "
        "a timer fires is computed from its length and HZ |\n"
        "| `{LAST_ACK: 3 retransmissions}` | in a path, of FIN_WAIT_1 and LAST_ACK: until the FIN "
        "that was sent so often again is acknowledged. The window is computed from RTO_MIN, the "
        "round trips that the wire saw, and HZ; over veth, which shows none, a timeout is at most "
        "the 1 s that a sender begins with. Where the kernel tells how often it was, "
        "that decides |\n"
        "| `{LAST_ACK: given up}` | likewise: until the kernel gives up the orphan. The window is "
        "computed from `tcp_orphan_retries` too |\n"
        "| `yes`, `no`, `on`, `off`, `true`, `false` | yes or no |\n"
        "\n"
        "A file has at most 1 MiB, one document, and each key once. Anchors and aliases are "
        "fine.\n";

/* A `|` ends a cell of a table, even in code. */
static void cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void row(FILE *out, const char *key, const char *value, const char *help)
{
	fprintf(out, "| `%s` | ", key);
	if (value) {
		cell(out, value);
		fprintf(out, " | ");
	}
	cell(out, help);
	fprintf(out, " |\n");
}

static void fields(FILE *out, const char *heading, const struct field *f, size_t n)
{
	fprintf(out, "\n## %s\n\n| key | value | |\n|---|---|---|\n", heading);
	for (size_t i = 0; i < n; i++)
		row(out, f[i].key, f[i].value, f[i].help);
}

static void faults(FILE *out)
{
	fprintf(out,
	        "\n## Actions of a rule\n\n"
	        "The fate is what an expectation of the wire calls a segment that the action hit. "
	        "While `blackhole` or\n`carrier` last, every segment is `dropped`. Of several "
	        "rules the first one that hits a segment acts\non it, alone.\n\n"
	        "| name | fate | |\n|---|---|---|\n");
	for (size_t i = 0; fault_names[i]; i++)
		row(out, fault_names[i], segment_fate_names[fault_fates[i]], fault_helps[i]);
}

static void behaviours(FILE *out)
{
	fprintf(out, "\n## Behaviours\n\nWhat a program does of its own accord. Where there is a "
	             "word of "
	             "`on_eof`, that selects it too.\n\n"
	             "| `behaviour` | `on_eof` | |\n|---|---|---|\n");
	for (size_t i = 0; behaviour_names[i]; i++) {
		fprintf(out, "| `%s` | %s%s%s | ", behaviour_names[i],
		        *behaviour_words[i] ? "`" : "", behaviour_words[i],
		        *behaviour_words[i] ? "`" : "");
		cell(out, behaviour_helps[i]);
		fprintf(out, " |\n");
	}
}

static void actors(FILE *out, unsigned mask)
{
	const char *before = "";

	for (int a = 0; a < ACTOR_COUNT; a++)
		if (mask & 1u << a) {
			fprintf(out, "%s%s", before, actor_names[a]);
			before = ", ";
		}
}

static void params(FILE *out, unsigned mask)
{
	const char *before = "";

	for (size_t i = 0; i < param_fields_n; i++)
		if (mask & 1u << i) {
			fprintf(out, "%s`%s`", before, param_fields[i].key);
			before = ", ";
		}
}

static void actions(FILE *out)
{
	fprintf(out, "\n## Actions of a step\n\n"
	             "`- ACTOR: {ACTION: VALUE, PARAMETER: VALUE ...}`. The next step begins when "
	             "this one has "
	             "settled: the commanded\nprogram has an outcome for every connection, and the "
	             "other side "
	             "has noticed.\n\n"
	             "| action | value | | actors | parameters |\n|---|---|---|---|---|\n");
	for (int a = 0; a < DO_COUNT; a++) {
		if (a == DO_EXPECT)
			continue;
		fprintf(out, "| `%s` | %s | ", step_action_names[a], action_forms[a].value);
		cell(out, step_action_helps[a]);
		fprintf(out, " | ");
		actors(out, action_forms[a].actors);
		fprintf(out, " | ");
		params(out, action_forms[a].params);
		fprintf(out, " |\n");
	}
}

static const char path_words[] =
        "\nA `path` may begin in the middle of a connection's life: states before the first one "
        "named may be\nleft out, and it is compared from where that one comes for the first time. "
        "Between its first and\nits last state all must be named. Behind the last one the walk "
        "may go on.\n";

static void expectations(FILE *out)
{
	fprintf(out, "\n### Of a host\n\n| key | |\n|---|---|\n"
	             "| *a state* | so many sockets of the host are in it: `CLOSE_WAIT: 100` |\n");
	for (const struct expectation_type *const *t = expectation_types; *t; t++)
		if ((*t)->key && !(*t)->of_wire)
			row(out, (*t)->key, NULL, (*t)->help);
	fputs(path_words, out);
	fprintf(out, "\nStates:");
	for (int s = ST_ESTABLISHED; s < ST_COUNT; s++)
		fprintf(out, "%s `%s`", s == ST_ESTABLISHED ? "" : ",", tcp_state_name(s));
	fprintf(out, ". Other spellings in use (`FIN-WAIT-2`, `ESTAB`) are understood.\n");
	fprintf(out,
	        "\n### Of the wire\n\n"
	        "`ROLE [again|first|probe] [from HOST] [FATE]`, each part optional, selects "
	        "segments. "
	        "`again`\nselects retransmissions, `first` what is sent for the first time; "
	        "without either it is both. `probe`\nselects tail loss probes, which are among the "
	        "retransmissions: data or a FIN, up to the highest\nsequence number sent so far, "
	        "while the sender takes nothing for lost: all that it ever sent again\nhas been "
	        "acknowledged, and both ends allow SACK. With `net.ipv4.tcp_early_retrans: 0` the "
	        "kernel\nsends none, and its first timeout, with one segment under way, looks like "
	        "one. A\nsender that finds out that it sent something again for nothing may probe "
	        "earlier: that is\n`again` only.\n\n"
	        "| key | |\n|---|---|\n"
	        "| *segments* | so many such segments came to the wire, on all connections "
	        "together: `fin from server: 2`. None at all, for a while: `{for: 2s, wire: {rst: "
	        "0}}` |\n");
	for (const struct expectation_type *const *t = expectation_types; *t; t++)
		if ((*t)->key && (*t)->of_wire)
			row(out, (*t)->key, NULL, (*t)->help);
	fprintf(out, "\nFates:");
	for (int f = 0; f < FATE_COUNT; f++)
		fprintf(out, "%s `%s`", f ? "," : "", segment_fate_names[f]);
	fprintf(out, ".\n");
}

static void roles(FILE *out)
{
	fprintf(out, "\n## Roles of segments\n\n| role | |\n|---|---|\n");
	for (int i = 0; i < ROLE_COUNT; i++)
		row(out, segment_role_names[i], NULL, segment_role_helps[i]);
	row(out, "any", NULL, "every segment");
}

static void capability_table(FILE *out)
{
	fprintf(out, "\n## Capabilities\n\nFor `needs`. `lastack doctor` tells which of them a "
	             "machine has.\n"
	             "\n| name | |\n|---|---|\n");
	for (size_t i = 0; capabilities[i].name; i++)
		row(out, capabilities[i].name, NULL, capabilities[i].help);
}

void reference_print(FILE *out)
{
	fputs(intro, out);
	fields(out, "A scenario", scenario_fields, scenario_fields_n);
	fields(out, "A host: `client`, `server`, `router`", host_fields, host_fields_n);
	behaviours(out);
	fields(out, "A rule of the wire", rule_fields, rule_fields_n);
	fprintf(out, "\nOne more key is its action, and the value of that the segments that it "
	             "hits: a role or "
	             "`any`, and `again` for\nretransmissions alone, `first` for all others, "
	             "`probe` for "
	             "tail loss probes: `{drop: fin again, from: "
	             "server, times: 2}`.\n");
	faults(out);
	fields(out, "What `set` of a rewrite changes", change_fields, change_fields_n);
	actions(out);
	fields(out, "Parameters of an action", param_fields, param_fields_n);
	fields(out, "An expectation: `- expect: {...}`", expect_fields, expect_fields_n);
	expectations(out);
	roles(out);
	fputs(values, out);
	capability_table(out);
}
