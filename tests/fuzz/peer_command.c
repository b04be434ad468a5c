/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a line of the control channel: refused in words, or split into words that a verb
 * would take. Nothing is carried out.
 */
#include "peers/command.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct verb verbs[] = {{"connect", "", 2, "from rate at ", NULL},
        {"listen", "", 1, "backlog ", NULL}, {"send", "", 1, "on ", NULL}, {"hold", "", 0, "", NULL},
        {0}};

/* Each parser of a value: it takes it, in its range, or says why not. */
static void values(const struct command *c, const char *word)
{
	struct endpoint e;
	struct err err = {0};
	unsigned long number;
	double rate;
	bool on;

	if (!command_number(word, "a number", 1000, &number, &err) && (!number || number > 1000))
		abort();
	if (!command_rate(c, &rate, &err) && (rate < 0 || rate > 1e9))
		abort();
	if (!command_endpoint(word, &e, &err)) {
		char text[ENDPOINT_TEXT];
		struct endpoint back;

		endpoint_format(&e, text, sizeof text);
		if (endpoint_parse(text, &back) < 0 || back.port != e.port ||
		        back.family != e.family)
			abort();
	}
	command_switch(word, &on, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size);
	struct command c = {0};
	struct err err = {0};

	if (!line)
		abort();
	if (!line[strspn(line, " ")]) {
		free(line);
		return 0;
	}
	if (split(line, &c, &err) < 0 || check(find(verbs, c.verb), &c, &err) < 0) {
		if (!*err.text || err.kind != ERR_INPUT)
			abort();
	} else {
		for (unsigned i = 0; i < c.n_args; i++)
			values(&c, c.args[i]);
		for (unsigned i = 0; i < c.n_options; i++)
			values(&c, c.options[i].value);
	}
	free(line);
	return 0;
}
