/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first look at a text, before a document is made of it: is it YAML, one document, and no
 * deeper than the language? libyaml takes time that grows with the square of the depth.
 */
#include "yaml_internal.h"

#include <string.h>

#define DEEPEST 32 /* the language has seven levels */

static int fail_at(struct reader *r, const yaml_mark_t *m, const char *text)
{
	return err_set(
	        r->err, ERR_INPUT, "%s:%zu:%zu: %s", r->name, m->line + 1, m->column + 1, text);
}

/* The reader of libyaml gives no line for a byte that it cannot decode, only its offset. */
static int not_text(struct reader *r, const yaml_parser_t *p)
{
	yaml_mark_t m = {0};
	char why[128];

	for (size_t i = 0; i < r->size && i < p->problem_offset; i++) {
		m.column = r->text[i] == '\n' ? 0 : m.column + 1;
		m.line += r->text[i] == '\n';
	}
	snprintf(why, sizeof why, "%s, expected text in UTF-8",
	        p->problem ? p->problem : "not text");
	return fail_at(r, &m, why);
}

int reader_not_yaml(struct reader *r, const yaml_parser_t *p)
{
	char why[256];

	if (p->error == YAML_READER_ERROR)
		return not_text(r, p);
	if (p->error == YAML_MEMORY_ERROR)
		return err_set(r->err, ERR_INPUT, "%s: too deep or too large for YAML", r->name);
	snprintf(why, sizeof why, "not YAML: %s%s%s", p->problem ? p->problem : "it does not parse",
	        p->context ? ", " : "", p->context ? p->context : "");
	return fail_at(r, &p->problem_mark, why);
}

struct scan {
	unsigned depth, documents;
	int ended; /* a document has */
};

#define SECOND "a second document, expected one scenario a file"

static int look(struct reader *r, struct scan *s, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		if (++s->depth > DEEPEST)
			return fail_at(r, &e->start_mark, "nested deeper than a scenario can be");
		return 0;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		s->depth--;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return s->documents++ ? fail_at(r, &e->start_mark, SECOND) : 0;
	case YAML_DOCUMENT_END_EVENT:
		s->ended = 1;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
		break;
	}
	return 0;
}

static int scan(struct reader *r, yaml_parser_t *p)
{
	struct scan s = {0};
	yaml_event_t e;
	int over = 0, failed = 0;

	while (!over && !failed) {
		if (!yaml_parser_parse(p, &e))
			return s.ended && p->error == YAML_PARSER_ERROR
			               ? fail_at(r, &p->problem_mark, SECOND)
			               : reader_not_yaml(r, p);
		over = e.type == YAML_STREAM_END_EVENT;
		failed = look(r, &s, &e);
		yaml_event_delete(&e);
	}
	return failed;
}

void reader_parser(const struct reader *r, yaml_parser_t *ret)
{
	if (!yaml_parser_initialize(ret))
		must(NULL);
	yaml_parser_set_encoding(ret, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(ret, (const unsigned char *)r->text, r->size);
}

int reader_scan(struct reader *r)
{
	yaml_parser_t p;
	int failed;

	reader_parser(r, &p);
	failed = scan(r, &p);
	yaml_parser_delete(&p);
	return failed;
}
