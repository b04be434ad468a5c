/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child has the descriptor too, as when a program starts another without FD_CLOEXEC: the parent's
 * close() takes its own copy away, the connection stays open, and no FIN is sent.
 */
#include "peer.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The child: it has this connection and nothing else of ours, and ends with us. */
__attribute__((noreturn)) static void hold(int fd, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	if (dup2(fd, STDIN_FILENO) < 0 || close_range(STDIN_FILENO + 1, ~0u, 0) < 0)
		_exit(1);
	for (;;)
		pause();
}

static void fork_and_close(struct conn *c)
{
	pid_t parent = getpid(), child = fork();

	if (!child)
		hold(c->fd, parent);
	if (child < 0)
		report_failed(c, "fork", errno);
	conn_close(c);
}

const struct behaviour behaviour_forked = {
        .on_eof = fork_and_close,
        .on_reset = conn_close,
        .close = fork_and_close,
};
