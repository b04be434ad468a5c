/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"
#include "job.h"
#include "peer.h"
#include "report.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *command_option(const struct command *c, const char *name)
{
	for (unsigned i = 0; i < c->n_options; i++)
		if (!strcmp(c->options[i].name, name))
			return c->options[i].value;
	return NULL;
}

int command_number(
        const char *word, const char *what, unsigned long max, unsigned long *ret, struct err *err)
{
	char *end = NULL;

	errno = 0;
	*ret = isdigit((unsigned char)*word) ? strtoul(word, &end, 10) : 0;
	if (!end || *end || errno || *ret < 1 || *ret > max)
		return err_set(err, ERR_INPUT, "%s must be a number from 1 to %lu, not '%.64s'",
		        what, max, word);
	return 0;
}

int command_rate(const struct command *c, double *ret, struct err *err)
{
	const char *word = command_option(c, "rate");
	char *end = NULL;

	*ret = 0;
	if (!word)
		return 0;
	if (isdigit((unsigned char)*word))
		*ret = strtod(word, &end);
	if (!end || *end || !isfinite(*ret) || *ret < 1e-3 || *ret > 1e9)
		return err_set(err, ERR_INPUT, "rate must be a number a second, not '%.64s'", word);
	return 0;
}

int command_endpoint(const char *word, struct endpoint *ret, struct err *err)
{
	if (endpoint_parse(word, ret) < 0)
		return err_set(err, ERR_INPUT, "'%.80s' is not ADDR:PORT or [ADDR6]:PORT", word);
	return 0;
}

int command_switch(const char *word, bool *ret, struct err *err)
{
	*ret = !strcmp(word, "on");
	if (!*ret && strcmp(word, "off"))
		return err_set(err, ERR_INPUT, "on or off, not '%.64s'", word);
	return 0;
}

/* "5 close on=all": into c, whose words point into the line. */
static int split(char *line, struct command *c, struct err *err)
{
	char *save, *word = strtok_r(line, " ", &save), *equals;
	unsigned long number;

	if (command_number(word, "the number of a command", UINT32_MAX, &number, err) < 0)
		return -1;
	c->number = (unsigned)number;
	c->verb = strtok_r(NULL, " ", &save);
	if (!c->verb)
		return err_set(err, ERR_INPUT, "a number without a command");
	while ((word = strtok_r(NULL, " ", &save))) {
		if (c->n_args == COMMAND_WORDS || c->n_options == COMMAND_WORDS)
			return err_set(err, ERR_INPUT, "too many words");
		equals = strchr(word, '=');
		if (!equals) {
			c->args[c->n_args++] = word;
			continue;
		}
		*equals = 0;
		if (command_option(c, word))
			return err_set(err, ERR_INPUT, "%.64s= is given twice", word);
		c->options[c->n_options].name = word;
		c->options[c->n_options++].value = equals + 1;
	}
	return 0;
}

static const struct verb *find(const struct verb *v, const char *name)
{
	while (v->name && strcmp(v->name, name))
		v++;
	return v->name ? v : NULL;
}

static int takes_option(const struct verb *v, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = v->options; *s; s = strchr(s, ' ') + 1)
		if (n && !strncmp(s, name, n) && s[n] == ' ')
			return 1;
	return 0;
}

static int check(const struct verb *v, const struct command *c, struct err *err)
{
	if (!v)
		return err_set(err, ERR_INPUT, "there is no command '%.64s'", c->verb);
	if (c->n_args != v->n_args)
		return err_set(err, ERR_INPUT, "usage: NUMBER %s %s", v->name, v->usage);
	for (unsigned i = 0; i < c->n_options; i++)
		if (!takes_option(v, c->options[i].name))
			return err_set(err, ERR_INPUT, "%s takes no %.64s=; usage: NUMBER %s %s",
			        v->name, c->options[i].name, v->name, v->usage);
	return 0;
}

void command_refuse(struct peer *p, unsigned number, const char *why)
{
	fprintf(stderr, "%s: command %u: %s\n", p->program->name, number, why);
	report_failed_command(p, number, "command", EINVAL);
	report(p, "done", "command=%u", number);
}

int command_run(struct peer *p, char *line)
{
	struct command c = {0};
	const struct verb *v = NULL;
	struct err err = {0};
	struct job *j;

	if (!line[strspn(line, " ")])
		return 0;
	if (split(line, &c, &err) < 0)
		goto refuse;
	v = find(common_verbs, c.verb);
	if (!v)
		v = find(p->program->verbs, c.verb);
	if (check(v, &c, &err) < 0)
		goto refuse;
	if (p->program->catch_up)
		p->program->catch_up(p);
	j = job_begin(p, c.number);
	if (v->run(p, &c, j, &err) < 0) {
		fprintf(stderr, "%s: command %u: %s\n", p->program->name, c.number, err.text);
		report_failed_command(p, c.number, "command", EINVAL);
		job_release(j);
		return -1;
	}
	job_release(j);
	return 0;
refuse:
	command_refuse(p, c.number, err.text);
	return -1;
}

int command_order(struct peer *p, const char *fmt, ...)
{
	char line[COMMAND_LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if ((size_t)n >= sizeof line) {
		command_refuse(p, 0, "an argument that is too long");
		return -1;
	}
	return command_run(p, line);
}

static void print(const struct verb *v)
{
	for (; v->name; v++)
		printf("  N %s%s%s\n", v->name, *v->usage ? " " : "", v->usage);
}

void command_print_verbs(const struct verb *program_verbs)
{
	print(program_verbs);
	print(common_verbs);
}
