/* SPDX-License-Identifier: BSD-2-Clause */
/* The three ways to a socket's owners find the same ones. */
#include "observe/owner_table.h"

#include "core/array.h"
#include "core/clock.h"
#include "observe/owner_bpf.h"

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOCKETS 40

/* Listeners, every other one under two descriptors, all of them in a child too. */
struct scene {
	int fd[SOCKETS], copy[SOCKETS];
	uint32_t inode[SOCKETS];
	pid_t child;
};

static int listening(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static pid_t idle_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void build(struct scene *s)
{
	for (int i = 0; i < SOCKETS; i++) {
		struct stat st;

		s->fd[i] = listening();
		s->copy[i] = i % 2 ? dup(s->fd[i]) : -1;
		assert_int_equal(fstat(s->fd[i], &st), 0);
		s->inode[i] = (uint32_t)st.st_ino;
	}
	s->child = idle_child();
}

static void take_down(struct scene *s)
{
	kill(s->child, SIGKILL);
	waitpid(s->child, NULL, 0);
	for (int i = 0; i < SOCKETS; i++) {
		close(s->fd[i]);
		if (s->copy[i] >= 0)
			close(s->copy[i]);
	}
}

static struct owner_table *found(const struct scene *s, enum descriptors_by how)
{
	struct err err = {0};
	struct owner_table *t = owner_table_new(descriptors_begin(how), s->inode, SOCKETS, &err);

	if (!t && how == DESCRIPTORS_BPF && err.kind == ERR_MISSING)
		return NULL;
	if (!t)
		fail_msg("%s", err.text);
	return t;
}

static void check_one(const struct scene *s, const struct owner_table *t, int i)
{
	size_t n, each = i % 2 ? 2 : 1;
	const struct owner *o = owner_table_find(t, s->inode[i], &n);
	pid_t first = getpid() < s->child ? getpid() : s->child;
	char own[17] = "";

	prctl(PR_GET_NAME, own); /* another one under a debugger */
	assert_int_equal(n, 2 * each);
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(o[k].inode, s->inode[i]);
		assert_true(o[k].fd == s->fd[i] || o[k].fd == s->copy[i]);
		assert_true((o[k].pid == first) == (k < each));
		assert_string_equal(owner_table_command(t, o[k].pid), own);
	}
}

static void check(enum descriptors_by how)
{
	struct scene s;
	struct owner_table *t;
	size_t n;

	build(&s);
	t = found(&s, how);
	if (!t) {
		take_down(&s);
		skip();
	}
	for (int i = 0; i < SOCKETS; i++)
		check_one(&s, t, i);
	assert_null(owner_table_find(t, 0, &n));
	assert_int_equal(n, 0);
	owner_table_free(t);
	take_down(&s);
}

static void quickest(void **state)
{
	(void)state;
	check(DESCRIPTORS_QUICK);
}

static void walk(void **state)
{
	(void)state;
	check(DESCRIPTORS_WALK);
}

static void threads(void **state)
{
	(void)state;
	check(DESCRIPTORS_THREADS);
}

static void bpf(void **state)
{
	(void)state;
	check(DESCRIPTORS_BPF);
}

static void sure(void **state)
{
	(void)state;
	check(DESCRIPTORS_SURE);
}

/* More descriptors than the quickest way walks through: it has to change its mind. */
static void many_descriptors(void **state)
{
	int extra[1500], n = 0;

	(void)state;
	for (; n < 1500; n++) {
		extra[n] = dup(0);
		if (extra[n] < 0)
			break;
	}
	check(DESCRIPTORS_QUICK);
	while (n > 0)
		close(extra[--n]);
}

static void nothing_wanted(void **state)
{
	struct err err = {0};
	struct owner_table *t =
	        owner_table_new(descriptors_begin(DESCRIPTORS_QUICK), NULL, 0, &err);
	size_t n;

	(void)state;
	assert_non_null(t);
	assert_null(owner_table_find(t, 1, &n));
	assert_string_equal(owner_table_command(t, 1), "?");
	owner_table_free(t);
}

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A thread that was joined is still listed for a moment: it says that it ends before it has. */
static size_t entries_at_last(const char *path, size_t wanted)
{
	uint64_t end = clock_now_ns() + 10 * NS_PER_S;

	while (entries(path) != wanted && clock_now_ns() < end)
		sched_yield();
	return entries(path);
}

/* Nothing is left of a search that nobody waited for: no thread, and no descriptor. */
static void dropped(void **state)
{
	size_t fds, threads = entries("/proc/self/task");
	struct scene s;

	(void)state;
	build(&s);
	fds = entries("/proc/self/fd");
	for (int i = 0; i < 20; i++)
		descriptors_drop(descriptors_begin(i % 2 ? DESCRIPTORS_THREADS : DESCRIPTORS_WALK));
	assert_int_equal(entries("/proc/self/fd"), fds);
	assert_int_equal(entries_at_last("/proc/self/task", threads), threads);
	take_down(&s);
}

static void one_inode_twice(void **state)
{
	struct err err = {0};
	struct owner_table *t;
	struct scene s;
	uint32_t twice[3];
	size_t n;

	(void)state;
	build(&s);
	twice[0] = twice[2] = s.inode[0];
	twice[1] = s.inode[1];
	t = owner_table_new(descriptors_begin(DESCRIPTORS_WALK), twice, 3, &err);
	assert_non_null(t);
	check_one(&s, t, 0);
	check_one(&s, t, 1);
	assert_null(owner_table_find(t, s.inode[2], &n)); /* not asked for */
	owner_table_free(t);
	take_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(walk),
	        cmocka_unit_test(threads),
	        cmocka_unit_test(bpf),
	        cmocka_unit_test(quickest),
	        cmocka_unit_test(sure),
	        cmocka_unit_test(many_descriptors),
	        cmocka_unit_test(nothing_wanted),
	        cmocka_unit_test(dropped),
	        cmocka_unit_test(one_inode_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
