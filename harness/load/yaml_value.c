/* SPDX-License-Identifier: BSD-2-Clause */
/* The scalars of a scenario: numbers, ranges, durations, names. */
#include "core/clock.h"
#include "yaml_internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decimal digits alone, and few enough for an int64_t. */
static int digits(const char *text, uint64_t *ret)
{
	size_t n = strspn(text, "0123456789");

	if (!n || text[n] || n > 18)
		return -1;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

int value_count(struct reader *r, const yaml_node_t *n, uint64_t lo, uint64_t hi, uint64_t *ret)
{
	const char *word = node_word(r, n, "a number");
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	if (digits(word, ret))
		return reader_fail(r, n, "expected a number, not %s", quoted(word, w, sizeof w));
	if (*ret < lo || *ret > hi)
		return reader_fail(r, n,
		        "%" PRIu64 " is out of range, expected %" PRIu64 " to %" PRIu64, *ret, lo,
		        hi);
	return 0;
}

int value_unsigned(struct reader *r, const yaml_node_t *n, unsigned lo, unsigned hi, unsigned *ret)
{
	uint64_t v;

	if (value_count(r, n, lo, hi, &v))
		return -1;
	*ret = (unsigned)v;
	return 0;
}

#define MOST_RATE 1e6

int value_rate(struct reader *r, const yaml_node_t *n, double *ret)
{
	const char *word = node_word(r, n, "a rate, so many a second");
	char w[QUOTED_TEXT];
	double v;

	if (!word)
		return -1;
	if (!isdigit((unsigned char)*word) || strspn(word, "0123456789.") != strlen(word) ||
	        strlen(word) > 18 || strchr(word, '.') != strrchr(word, '.'))
		return reader_fail(r, n, "expected a rate, so many a second, not %s",
		        quoted(word, w, sizeof w));
	v = strtod(word, NULL);
	if (v < 0.001 || v > MOST_RATE)
		return reader_fail(r, n,
		        "a rate of %s is out of range, expected 0.001 to %.0f a second", word,
		        MOST_RATE);
	*ret = v;
	return 0;
}

int value_bool(struct reader *r, const yaml_node_t *n, int *ret)
{
	static const char *const words_of[] = {"yes", "on", "true", "no", "off", "false"};
	const char *word = node_word(r, n, "yes or no");
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	for (size_t i = 0; i < LENGTH(words_of); i++)
		if (!strcasecmp(word, words_of[i])) {
			*ret = i < 3;
			return 0;
		}
	return reader_fail(r, n, "expected yes or no, not %s", quoted(word, w, sizeof w));
}

#define DURATION "a duration like 300ms, 60s or 2m"

int value_duration(struct reader *r, const yaml_node_t *n, uint64_t *ret_ns)
{
	const char *word = node_word(r, n, DURATION);
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	if (duration_parse(word, ret_ns))
		return reader_fail(
		        r, n, "expected " DURATION ", not %s", quoted(word, w, sizeof w));
	return 0;
}

static int one_value(const char *text, int is_duration, int64_t *ret)
{
	uint64_t v;

	if (is_duration ? duration_parse(text, &v) : digits(text, &v))
		return -1;
	*ret = (int64_t)v;
	return 0;
}

/* ">= 90", "<= 5", "> 3", "< 8". 0, or -1 when it is no comparison. */
static int parse_comparison(const char *text, int is_duration, struct range *ret)
{
	int above = *text == '>', open = text[1] != '=';
	int64_t v;

	text += open ? 1 : 2;
	text += strspn(text, " ");
	if (one_value(text, is_duration, &v))
		return -1;
	*ret = (struct range){INT64_MIN, INT64_MAX, RANGE_BOUNDS};
	if (above)
		ret->lo = v + open;
	else
		ret->hi = v - open;
	return 0;
}

/* "3 .. 5" */
static int parse_span(const char *text, const char *dots, int is_duration, struct range *ret)
{
	char first[48];
	size_t n = (size_t)(dots - text);

	while (n && text[n - 1] == ' ')
		n--;
	if (n >= sizeof first)
		return -1;
	memcpy(first, text, n);
	first[n] = 0;
	dots += 2;
	dots += strspn(dots, " ");
	ret->kind = RANGE_BOUNDS;
	if (one_value(first, is_duration, &ret->lo) || one_value(dots, is_duration, &ret->hi))
		return -1;
	return 0;
}

static int parse_range(const char *text, int is_duration, struct range *ret)
{
	const char *dots = strstr(text, "..");

	if (*text == '<' || *text == '>')
		return parse_comparison(text, is_duration, ret);
	if (dots)
		return parse_span(text, dots, is_duration, ret);
	if (one_value(text, is_duration, &ret->lo))
		return -1;
	ret->hi = ret->lo;
	ret->kind = is_duration ? RANGE_TIMER : RANGE_BOUNDS;
	return 0;
}

static int read_range(struct reader *r, const yaml_node_t *n, int is_duration, const char *expected,
        struct range *ret)
{
	const char *word = node_word(r, n, expected);
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	quoted(word, w, sizeof w);
	if (parse_range(word, is_duration, ret))
		return reader_fail(r, n, "expected %s, not %s", expected, w);
	if (ret->lo > ret->hi || (!is_duration && ret->hi < 0))
		return reader_fail(r, n, "nothing is in the range %s", w);
	return 0;
}

int value_range(struct reader *r, const yaml_node_t *n, struct range *ret)
{
	return read_range(r, n, 0, "a number, \">= 90\" or \"3 .. 5\"", ret);
}

int value_durations(struct reader *r, const yaml_node_t *n, struct range *ret)
{
	return read_range(r, n, 1, "a duration, \">= 1s\" or \"200ms .. 300ms\"", ret);
}

#define GIVEN_UP             "given up"
#define RETRANSMISSION       "retransmission"
#define MOST_RETRANSMISSIONS 16
#define STAY                                                                                       \
	"a duration, \">= 1s\", \"200ms .. 300ms\", \"1 " RETRANSMISSION "\" or \"" GIVEN_UP "\""

/* "3 retransmissions", "1 retransmission". 0, or -1 when it is something else. */
static int parse_retransmissions(const char *text, struct range *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)*text) || end == text || *end != ' ')
		return -1;
	end += strspn(end, " ");
	if (strcmp(end, n == 1 ? RETRANSMISSION : RETRANSMISSION "s"))
		return -1;
	*ret = (struct range){n, n, RANGE_RETRANSMITTED};
	return 0;
}

int value_stay(struct reader *r, const yaml_node_t *n, struct range *ret)
{
	const char *word = node_word(r, n, STAY);

	if (!word)
		return -1;
	if (!strcmp(word, GIVEN_UP)) {
		*ret = (struct range){0, 0, RANGE_GIVEN_UP};
		return 0;
	}
	if (parse_retransmissions(word, ret))
		return read_range(r, n, 1, STAY, ret);
	if (ret->lo < 1 || ret->lo > MOST_RETRANSMISSIONS)
		return reader_fail(r, n,
		        "%" PRId64 " is out of range, expected 1 to %d " RETRANSMISSION "s",
		        ret->lo, MOST_RETRANSMISSIONS);
	return 0;
}

/* What would move a terminal's cursor: C0, DEL, and C1 in UTF-8. */
static int is_control(const unsigned char *c)
{
	return *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
}

int value_text(struct reader *r, const yaml_node_t *n, const char *expected, char **ret)
{
	const char *word = node_word(r, n, expected);

	if (!word)
		return -1;
	for (const char *c = word; *c; c++)
		if (is_control((const unsigned char *)c))
			return reader_fail(r, n, "expected %s, in one line of text", expected);
	free(*ret);
	*ret = must(strdup(word));
	return 0;
}

int value_word_item(struct reader *r, const yaml_node_t *n, void *into)
{
	words *list = into;
	const char *word = node_word(r, n, "a word");
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	if (strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(word))
		return reader_fail(r, n, "expected a word of a-z, 0-9 and '-', not %s",
		        quoted(word, w, sizeof w));
	array_push(list, must(strdup(word)));
	return 0;
}

int value_host(struct reader *r, const yaml_node_t *n, int *ret)
{
	const char *word = node_word(r, n, "client or server");

	if (!word)
		return -1;
	*ret = actor_parse(word);
	if (*ret != HOST_CLIENT && *ret != HOST_SERVER)
		return reader_unknown(r, n, "host", word, actor_names, HOST_SERVER + 1);
	return 0;
}
