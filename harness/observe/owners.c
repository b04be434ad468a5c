/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts the connections that a process holds by taking a copy of each of its descriptors and
 * asking the socket itself. So a socket that is in no table of the kernel any more counts as well.
 * (A path lookup in /proc/PID/fd costs several times as much as the copy.)
 *
 * While the copy exists, a close() by the process does not end the socket: that happens when the
 * copy is closed, microseconds later.
 */
#include "owners.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int option(int fd, int name)
{
	int value = -1;
	socklen_t n = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &n) < 0 ? -1 : value;
}

static int is_connection(int fd)
{
	return option(fd, SO_PROTOCOL) == IPPROTO_TCP && option(fd, SO_TYPE) == SOCK_STREAM &&
	       option(fd, SO_ACCEPTCONN) == 0;
}

/* 1, 0, or -1 with errno. */
static int holds_connection(int pidfd, int fd)
{
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	int yes;

	if (copy < 0)
		return errno == EBADF ? 0 : -1; /* EBADF: closed since it was listed */
	yes = is_connection(copy);
	close(copy);
	return yes;
}

static int count(int pidfd, DIR *dir)
{
	const struct dirent *d;
	int n = 0;

	while (errno = 0, (d = readdir(dir))) {
		int holds;

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		holds = holds_connection(pidfd, atoi(d->d_name));
		if (holds < 0)
			return -1;
		n += holds;
	}
	return errno ? -1 : n;
}

int owners_count(pid_t pid, struct err *err)
{
	char path[32];
	DIR *dir;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int n;

	if (pidfd < 0)
		return err_sys(err, "process %d", (int)pid);
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir) {
		err_sys(err, "%s", path);
		close(pidfd);
		return -1;
	}
	n = count(pidfd, dir);
	if (n < 0)
		err_sys(err, "the descriptors of process %d cannot be looked at", (int)pid);
	closedir(dir);
	close(pidfd);
	return n;
}
