/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only calls that are safe after vfork: the parent's memory is ours until execve(). */
static void __attribute__((noreturn)) child(int netns, int in, int out)
{
	static char *const argv[] = {"ip", "-batch", "-", NULL};
	static char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(126);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	execvpe("ip", argv, env);
	_exit(127);
}

int ip_start(struct ip_batch *b, int netns, const char *lines, struct err *err)
{
	size_t size = strlen(lines);
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC))
		return err_sys(err, "pipe");
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return err_sys(err, "pipe");
	}
	/* Written before the child runs: it fits in the pipe, so nobody waits for anybody. */
	if (write(in[1], lines, size) != (ssize_t)size)
		err_sys(err, "lines for ip");
	b->pid = vfork();
	if (!b->pid)
		child(netns, in[0], out[1]);
	close(in[0]);
	close(in[1]);
	close(out[1]);
	b->errors = out[0];
	if (b->pid < 0) {
		close(out[0]);
		return err_sys(err, "starting ip");
	}
	return 0;
}

/* ip says "Command failed -:3": the line, as it stood in the batch. */
static void quote_line(const char *said, const char *lines, struct err *err)
{
	const char *where = strstr(said, "Command failed -:");
	unsigned n = where ? (unsigned)strtoul(where + 17, NULL, 10) : 0;
	size_t first = strcspn(said, "\n");

	while (n > 1 && (lines = strchr(lines, '\n'))) {
		lines++;
		n--;
	}
	if (n == 1 && lines)
		err_set(err, ERR_LAB, "ip %.*s: %.*s", (int)strcspn(lines, "\n"), lines, (int)first,
		        said);
	else
		err_set(err, ERR_LAB, "ip: %.*s", (int)first, said);
}

int ip_finish(struct ip_batch *b, const char *lines, struct err *err)
{
	char said[2048];
	size_t n = 0;
	ssize_t r;
	int status;

	while (n < sizeof said - 1 && (r = read(b->errors, said + n, sizeof said - 1 - n)) != 0) {
		if (r > 0)
			n += (size_t)r;
		else if (errno != EINTR)
			break;
	}
	said[n] = 0;
	close(b->errors);
	while (waitpid(b->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "waiting for ip");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, ERR_MISSING,
		        "iproute2: there is no `ip` in the path (package iproute2)");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	quote_line(said, lines, err);
	return -1;
}

int ip_run(int netns, const char *lines, struct err *err)
{
	struct ip_batch b;

	if (ip_start(&b, netns, lines, err))
		return -1;
	return ip_finish(&b, lines, err);
}
