/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table of the sockets that are asked for. Each has a stretch in one array of owners, in the
 * order in which they were asked for, so that who goes through the sockets goes through that in
 * order.
 */
#include "owner_table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct command {
	pid_t pid;
	char name[17];
};

struct asked {
	uint32_t inode; /* open addressing, 0 = free */
	uint32_t first; /* 1 + index of its first owner */
	uint32_t n;
};

struct owner_table {
	struct asked *asked;
	size_t mask, n_asked;
	struct owner *owners;
	ARRAY(struct owner) unconnected; /* by pid and fd */
	ARRAY(struct command) commands;  /* by pid */
};

static struct asked *lookup(const struct owner_table *t, uint32_t inode)
{
	size_t i = (inode * 2654435761u) & t->mask;

	while (t->asked[i].inode && t->asked[i].inode != inode)
		i = (i + 1) & t->mask;
	return &t->asked[i];
}

static void ask_for(struct owner_table *t, const uint32_t *inodes, size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	t->asked = must(calloc(size, sizeof *t->asked));
	t->mask = size - 1;
	for (size_t i = 0; i < n; i++) {
		if (!inodes[i])
			continue;
		lookup(t, inodes[i])->inode = inodes[i];
		t->n_asked++;
	}
}

/* Gives each socket room for as many owners as were found. */
static void make_room(
        struct owner_table *t, const descriptors *found, const uint32_t *inodes, size_t n)
{
	uint32_t total = 0;

	array_each (struct owner, o, found) {
		struct asked *a = lookup(t, o->inode);

		a->n += a->inode != 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct asked *a = lookup(t, inodes[i]);

		if (!a->inode || a->first)
			continue;
		a->first = 1 + total;
		total += a->n;
		a->n = 0;
	}
	t->owners = must(calloc(total + 1u, sizeof *t->owners));
}

static int by_number(const void *va, const void *vb)
{
	const pid_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static int by_pid_and_fd(const void *va, const void *vb)
{
	const struct owner *a = va, *b = vb;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

/* Threads that share their descriptors all show them. */
static void sort_and_join(struct owner *v, uint32_t *n)
{
	uint32_t last = 0;

	qsort(v, *n, sizeof *v, by_pid_and_fd);
	for (uint32_t i = 1; i < *n; i++)
		if (by_pid_and_fd(&v[last], &v[i]))
			v[++last] = v[i];
	*n = last + 1;
}

static void place(struct owner_table *t, const descriptors *found)
{
	array_each (struct owner, o, found) {
		struct asked *a = lookup(t, o->inode);

		if (a->inode)
			t->owners[a->first - 1 + a->n++] = *o;
	}
	for (size_t i = 0; i <= t->mask; i++)
		if (t->asked[i].n > 1)
			sort_and_join(&t->owners[t->asked[i].first - 1], &t->asked[i].n);
}

static void take_unconnected(struct owner_table *t, const descriptors *found)
{
	uint32_t n;

	array_each (struct owner, o, found) {
		if (o->unconnected)
			array_push(&t->unconnected, *o);
	}
	n = (uint32_t)t->unconnected.n;
	if (n)
		sort_and_join(t->unconnected.v, &n);
	t->unconnected.n = n;
}

static struct command command_of(pid_t pid)
{
	struct command c = {.pid = pid, .name = "?"};
	char path[40];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, c.name, sizeof c.name - 1);
		if (n > 0)
			c.name[c.name[n - 1] == '\n' ? n - 1 : n] = '\0';
		close(fd);
	}
	return c;
}

static int by_pid(const void *va, const void *vb)
{
	const struct command *a = va, *b = vb;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Once for each process that owns something. */
static void read_commands(struct owner_table *t)
{
	ARRAY(pid_t) pids = {0};

	for (size_t i = 0; i <= t->mask; i++) {
		const struct asked *a = &t->asked[i];

		for (uint32_t k = 0; k < a->n; k++) {
			pid_t pid = t->owners[a->first - 1 + k].pid;

			if (!pids.n || pids.v[pids.n - 1] != pid)
				array_push(&pids, pid);
		}
	}
	array_each (struct owner, o, &t->unconnected)
		array_push(&pids, o->pid);
	if (pids.n)
		qsort(pids.v, pids.n, sizeof *pids.v, by_number);
	for (size_t i = 0; i < pids.n; i++)
		if (!i || pids.v[i] != pids.v[i - 1])
			array_push(&t->commands, command_of(pids.v[i]));
	array_free(&pids);
}

struct owner_table *owner_table_new(
        struct descriptors_search *search, const uint32_t *inodes, size_t n, struct err *err)
{
	struct owner_table *t = must(calloc(1, sizeof *t));
	descriptors found;

	ask_for(t, inodes, n);
	if (!t->n_asked && !descriptors_know_more(search)) {
		descriptors_drop(search);
		return t;
	}
	if (descriptors_end(search, &found, err) < 0) {
		owner_table_free(t);
		return NULL;
	}
	make_room(t, &found, inodes, n);
	place(t, &found);
	take_unconnected(t, &found);
	array_free(&found);
	read_commands(t);
	return t;
}

void owner_table_free(struct owner_table *t)
{
	if (!t)
		return;
	free(t->asked);
	free(t->owners);
	array_free(&t->commands);
	array_free(&t->unconnected);
	free(t);
}

const struct owner *owner_table_find(const struct owner_table *t, uint32_t inode, size_t *ret_n)
{
	const struct asked *a = lookup(t, inode);

	*ret_n = a->inode ? a->n : 0;
	return *ret_n ? &t->owners[a->first - 1] : NULL;
}

const struct owner *owner_table_unconnected(const struct owner_table *t, size_t *ret_n)
{
	*ret_n = t->unconnected.n;
	return t->unconnected.v;
}

const char *owner_table_command(const struct owner_table *t, pid_t pid)
{
	const struct command key = {.pid = pid};
	const struct command *c = NULL;

	if (t->commands.n)
		c = bsearch(&key, t->commands.v, t->commands.n, sizeof *t->commands.v, by_pid);
	return c ? c->name : "?";
}
