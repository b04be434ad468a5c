/* SPDX-License-Identifier: BSD-2-Clause */
/* The outside of a cell: its namespaces and its init. */
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPACES     (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC)
#define PROC_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Root inside, the caller outside. */
static int map_ids(pid_t pid, struct err *err)
{
	char path[64], line[64];

	snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
	write_file(path, "deny");
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	snprintf(line, sizeof line, "0 %u 1\n", geteuid());
	if (write_file(path, line))
		return err_sys(err, "%s", path);
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	snprintf(line, sizeof line, "0 %u 1\n", getegid());
	if (write_file(path, line))
		return err_sys(err, "%s", path);
	return 0;
}

/* The kernel kills us with the controller; but it may have died before we could ask for that. */
static int bind_to_controller(int channel)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	char go;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -1;
	/* The controller's word to begin; an end of file is its death. */
	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -1;
	return recv(channel, &go, 1, 0) == 1 ? 0 : -1;
}

/* Of all sysctls only net. is the cell's: the others can be read. */
static int protect_sysctls(void)
{
	return mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) ||
	       mount("/proc/sys/net", "/proc/sys/net", NULL, MS_BIND, NULL) ||
	       mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | PROC_FLAGS, NULL);
}

static int mount_own(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	        mount("proc", "/proc", "proc", PROC_FLAGS, NULL) || protect_sysctls() ||
	        mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") ||
	        mkdir("/run/netns", 0755))
		return -1;
	return 0;
}

static void __attribute__((noreturn)) runner(int (*run)(void *, int), void *arg, int channel)
{
	if (bind_to_controller(channel))
		_exit(3);
	setsid(); /* a Ctrl-C at the terminal is the controller's business */
	if (mount_own()) {
		fprintf(stderr, "lastack: mounts of the cell: %s\n", strerror(errno));
		_exit(3);
	}
	_exit(run(arg, channel));
}

static int why_not(struct err *err)
{
	if (errno == EPERM && geteuid())
		return err_set(err, ERR_MISSING,
		        "userns: this user may not make namespaces: run as root, or let users "
		        "(sysctl kernel.unprivileged_userns_clone=1 on Debian, "
		        "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu)");
	if (errno == EPERM)
		return err_set(err, ERR_MISSING,
		        "netns: root here may not make namespaces (a container without "
		        "CAP_SYS_ADMIN?)");
	if (errno == ENOSPC || errno == EUSERS)
		return err_set(err, ERR_MISSING,
		        "netns: the limit of namespaces is reached (sysctl "
		        "user.max_net_namespaces, user.max_user_namespaces)");
	return err_sys(err, "making the namespaces of a cell");
}

int cell_spawn(
        struct cell_process *ret, int (*run)(void *arg, int channel), void *arg, struct err *err)
{
	unsigned long flags = SPACES | SIGCHLD | (geteuid() ? CLONE_NEWUSER : 0);
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return err_sys(err, "socketpair");
	fflush(NULL); /* what is buffered must not be written twice */
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (!pid) {
		close(ends[0]);
		runner(run, arg, ends[1]);
	}
	close(ends[1]);
	*ret = (struct cell_process){pid, ends[0]};
	if (pid < 0) {
		close(ends[0]);
		return why_not(err);
	}
	if ((geteuid() && map_ids(pid, err)) || send(ends[0], "", 1, MSG_NOSIGNAL) != 1) {
		cell_end(ret);
		return err->kind ? -1 : err_set(err, ERR_LAB, "the runner of a cell died at once");
	}
	return 0;
}

void cell_end(struct cell_process *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (p->channel >= 0)
		close(p->channel);
	p->pid = 0;
	p->channel = -1;
}
