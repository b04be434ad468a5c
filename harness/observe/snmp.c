/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/net/snmp and /proc/net/netstat. Both are pairs of lines, "Tcp: RtoMin RtoMax ..." and then
 * "Tcp: 200 120000 ...": the names of a group and, in the same order, its values.
 */
#include "snmp.h"

#include "core/array.h"
#include "snmp_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct counter {
	size_t name; /* offset into text */
	int64_t value;
};

struct snmp {
	ARRAY(char) text; /* the names, one after the other */
	ARRAY(struct counter) counters;
	const char **names; /* made when asked for */
};

struct snmp *snmp_new(void)
{
	return must(calloc(1, sizeof(struct snmp)));
}

void snmp_free(struct snmp *s)
{
	if (!s)
		return;
	array_free(&s->text);
	array_free(&s->counters);
	free(s->names);
	free(s);
}

/* A stretch of text that is not terminated. */
struct piece {
	const char *at;
	size_t n;
};

/* Cuts the piece before the first `by` off *rest; all of it when there is none. */
static struct piece cut(struct piece *rest, char by)
{
	const char *end = memchr(rest->at, by, rest->n);
	struct piece head = {rest->at, end ? (size_t)(end - rest->at) : rest->n};
	size_t used = head.n + (end ? 1 : 0);

	rest->at += used;
	rest->n -= used;
	return head;
}

/* The next word of a line; n == 0 at its end. */
static struct piece word(struct piece *line)
{
	struct piece w;

	do
		w = cut(line, ' ');
	while (!w.n && line->n);
	return w;
}

static void append(struct snmp *s, struct piece p)
{
	for (size_t i = 0; i < p.n; i++)
		array_push(&s->text, p.at[i]);
}

static void add(struct snmp *s, struct piece group, struct piece name, int64_t value)
{
	struct counter c = {s->text.n, value};

	append(s, group);
	array_push(&s->text, '.');
	append(s, name);
	array_push(&s->text, '\0');
	array_push(&s->counters, c);
}

/* Counters are unsigned in the kernel, a few (Tcp.MaxConn) are -1. */
static int number(struct piece w, int64_t *ret)
{
	uint64_t v = 0;
	int negative = w.n && w.at[0] == '-';
	size_t i = negative ? 1 : 0;

	if (i == w.n)
		return -1;
	for (; i < w.n; i++) {
		if (w.at[i] < '0' || w.at[i] > '9')
			return -1;
		v = 10 * v + (uint64_t)(w.at[i] - '0');
	}
	*ret = (int64_t)(negative ? 0 - v : v);
	return 0;
}

static int parse_pair(struct snmp *s, struct piece names, struct piece values, struct err *err)
{
	struct piece group = cut(&names, ':'), same = cut(&values, ':');

	if (!group.n || group.n != same.n || memcmp(group.at, same.at, group.n))
		return err_set(err, ERR_LAB, "a line of names without its line of values");
	for (;;) {
		struct piece name = word(&names), value = word(&values);
		int64_t v;

		if (!name.n && !value.n)
			return 0;
		if (!name.n || !value.n)
			return err_set(err, ERR_LAB, "%.*s has not as many values as names",
			        (int)(group.n < 40 ? group.n : 40), group.at);
		if (number(value, &v) < 0)
			return err_set(err, ERR_LAB, "the value of %.*s is no number",
			        (int)(name.n < 40 ? name.n : 40), name.at);
		add(s, group, name, v);
	}
}

int snmp_parse(struct snmp *s, const char *text, size_t n, struct err *err)
{
	struct piece rest = {text, n};

	while (rest.n) {
		struct piece names = cut(&rest, '\n'), values = cut(&rest, '\n');

		if (parse_pair(s, names, values, err) < 0)
			return -1;
	}
	return 0;
}

/* A whole file of /proc, whose size is not known before. */
static int read_file(const char *path, char **ret, size_t *ret_n, struct err *err)
{
	size_t cap = 16384, n = 0;
	char *buf;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "%s", path);
	buf = must(malloc(cap));
	for (;;) {
		ssize_t got = read(fd, buf + n, cap - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys(err, "%s", path);
			free(buf);
			close(fd);
			return -1;
		}
		if (!got)
			break;
		n += (size_t)got;
		if (n == cap)
			buf = must(realloc(buf, cap *= 2));
	}
	close(fd);
	*ret = buf;
	*ret_n = n;
	return 0;
}

struct snmp *snmp_read(struct err *err)
{
	/* Of this thread: another may be in another namespace. */
	static const char *const paths[] = {
	        "/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"};
	struct snmp *s = snmp_new();

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char *text = NULL;
		size_t n = 0;
		int bad;

		if (read_file(paths[i], &text, &n, err) < 0) {
			snmp_free(s);
			return NULL;
		}
		bad = snmp_parse(s, text, n, err);
		free(text);
		if (bad) {
			err_prefix(err, "%s", paths[i]);
			snmp_free(s);
			return NULL;
		}
	}
	return s;
}

static const char *name_of(const struct snmp *s, size_t i)
{
	return s->text.v + s->counters.v[i].name;
}

/* Two readings of one kernel nearly always have the same order: `hint` is tried first. */
static const struct counter *find(const struct snmp *s, const char *name, size_t hint)
{
	if (hint < s->counters.n && !strcmp(name_of(s, hint), name))
		return &s->counters.v[hint];
	for (size_t i = 0; i < s->counters.n; i++)
		if (!strcmp(name_of(s, i), name))
			return &s->counters.v[i];
	return NULL;
}

int64_t snmp_get(const struct snmp *s, const char *name, int *ret_known)
{
	const struct counter *c = find(s, name, 0);

	if (ret_known)
		*ret_known = c != NULL;
	return c ? c->value : 0;
}

/* IcmpMsg.InType3: a type is not listed before it has been counted. */
static int is_icmp_type(const char *name)
{
	unsigned type;
	int end = 0;

	if (sscanf(name, "IcmpMsg.InType%3u%n", &type, &end) != 1)
		sscanf(name, "IcmpMsg.OutType%3u%n", &type, &end);
	return end && !name[end] && type < 256;
}

int snmp_knows(const struct snmp *s, const char *name)
{
	return find(s, name, 0) || is_icmp_type(name);
}

void snmp_differences(const struct snmp *base, const struct snmp *now,
        void (*each)(void *arg, const char *name, int64_t difference), void *arg)
{
	for (size_t i = 0; i < now->counters.n; i++) {
		const char *name = name_of(now, i);
		const struct counter *before = find(base, name, i);
		int64_t was = before ? before->value : 0;

		if (now->counters.v[i].value != was)
			each(arg, name,
			        (int64_t)((uint64_t)now->counters.v[i].value - (uint64_t)was));
	}
}

const char *const *snmp_names(const struct snmp *s, size_t *ret_n)
{
	struct snmp *w = (struct snmp *)s; /* the list is a cache, not part of the reading */

	if (!w->names) {
		w->names = must(calloc(s->counters.n + 1, sizeof *w->names));
		for (size_t i = 0; i < s->counters.n; i++)
			w->names[i] = name_of(s, i);
	}
	if (ret_n)
		*ret_n = s->counters.n;
	return w->names;
}
