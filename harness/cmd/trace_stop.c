/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/trace_stop.h"

#include "core/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

static const int ends[] = {SIGINT, SIGTERM, SIGALRM}; /* the last one: --for */
#define ENDS (sizeof ends / sizeof *ends)

static volatile sig_atomic_t asked, signals;
static int wake = -1;

static void on_signal(int number)
{
	uint64_t one = 1;
	int saved = errno;

	asked = 1;
	if (number != SIGALRM && signals < 2)
		signals++;
	if (write(wake, &one, sizeof one) < 0) {
		/* It is full, and so it is readable. */
	}
	errno = saved;
}

static void handle(void (*handler)(int))
{
	/* No SA_RESTART: a write() that waits is interrupted. */
	struct sigaction a = {.sa_handler = handler};

	for (size_t i = 0; i < ENDS; i++)
		sigaction(ends[i], &a, NULL);
}

int trace_stop_begin(uint64_t for_ns, struct err *err)
{
	struct itimerval timer = {.it_value = clock_timeval(for_ns)};

	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		return err_sys(err, "an eventfd");
	asked = signals = 0;
	handle(on_signal);
	if (for_ns && !timer.it_value.tv_sec && !timer.it_value.tv_usec)
		timer.it_value.tv_usec = 1; /* 0 would be no timer */
	setitimer(ITIMER_REAL, &timer, NULL);
	return 0;
}

void trace_stop_end(void)
{
	const struct itimerval none = {0};

	if (wake < 0)
		return;
	setitimer(ITIMER_REAL, &none, NULL);
	handle(SIG_DFL);
	close(wake);
	wake = -1;
}

int trace_stop_fd(void)
{
	return wake;
}

int trace_stop_asked(void)
{
	return asked;
}

int trace_stop_insisted(void)
{
	return signals > 1;
}
