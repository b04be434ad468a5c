/* SPDX-License-Identifier: BSD-2-Clause */
#include "netns_enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int enter(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "%s", path);
	if (setns(fd, CLONE_NEWNET) < 0) {
		err_sys(err, "entering the network namespace %s", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int netns_enter_name(const char *name, struct err *err)
{
	char path[280];

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_INPUT, "'%s' is no name of a network namespace", name);
	if (strlen(name) > 255)
		return err_set(err, ERR_INPUT, "the name of the network namespace is too long");
	snprintf(path, sizeof path, "/run/netns/%s", name);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_set(err, ERR_INPUT,
		        "there is no network namespace '%s' (`ip netns` lists them)", name);
	return enter(path, err);
}

int netns_enter_pid(pid_t pid, struct err *err)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_set(err, ERR_INPUT, "there is no process %d", (int)pid);
	return enter(path, err);
}
