/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run. The controller starts a cell and waits; its runner does the work and leaves the result
 * in memory that both share. Against a user's own server there is no cell: all is done in place.
 */
#include "run.h"

#include "lab.h"
#include "limits.h"
#include "stream.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void bench_config_init(struct bench_config *c)
{
	*c = (struct bench_config){
	        .for_ns = 10 * NS_PER_S,
	        .flows = 32,
	        .request = 1,
	        .response = 1,
	        .family = AF_INET,
	        .engine = "ring",
	        .dests = 1,
	        .sources = 1,
	        .observe = OBSERVE_COUNT,
	};
}

void bench_config_free(struct bench_config *c)
{
	array_free(&c->set);
	array_each (struct bench_ruleset, x, &c->rulesets) {
		free(x->path);
		free(x->text);
	}
	array_free(&c->rulesets);
}

const char *bench_call_name(enum bench_call c)
{
	static const char *const names[] = {
	        "socket", "setsockopt", "bind", "connect", "send", "recv", "close", "accept"};

	return c < CALL_COUNT ? names[c] : "?";
}

const char *bench_error_name(int error)
{
	const char *name = strerrorname_np(error);

	return error == ENODATA ? "ended early" : name ? name : "?";
}

const char *bench_stage_name(enum bench_stage s)
{
	static const char *const names[] = {"none", "connect", "transfer", "end"};

	return s < STAGE_COUNT ? names[s] : "?";
}

int bench_side_counts(const struct bench_result *r, enum bench_side side)
{
	return !r->one_namespace || side == (r->have_client ? SIDE_CLIENT : SIDE_SERVER);
}

int bench_side_sampled(const struct bench_result *r, enum bench_side side)
{
	return r->have_samples && bench_side_counts(r, side);
}

const char *bench_plural(double n)
{
	return n > 1 || n < 1 ? "s" : "";
}

void bench_note(struct bench_result *r, const char *fmt, ...)
{
	size_t n = strlen(r->notes);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->notes + n, sizeof r->notes - n, fmt, ap);
	va_end(ap);
	n = strlen(r->notes);
	snprintf(r->notes + n, sizeof r->notes - n, "\n");
}

/* What the controller and the runner share. */
struct shared {
	int (*work)(void *arg, struct err *err);
	void *arg;
	struct err err;
	int failed, ended;
};

static int in_cell(void *arg, int channel)
{
	struct shared *s = arg;

	(void)channel;
	s->failed = s->work(s->arg, &s->err);
	s->ended = 1;
	return 0;
}

void bench_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(how, &set, NULL);
}

static volatile sig_atomic_t runner, asked;

/* A signal to the controller alone is the runner's too. */
static void pass_on(int sig)
{
	asked = 1;
	if (runner > 0)
		kill((pid_t)runner, sig);
}

static void await(pid_t pid, int *ret_status)
{
	struct sigaction pass = {.sa_handler = pass_on}, old[2];

	runner = pid;
	sigaction(SIGINT, &pass, &old[0]);
	sigaction(SIGTERM, &pass, &old[1]);
	bench_signals(SIG_UNBLOCK);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	runner = 0;
	bench_signals(SIG_BLOCK);
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
}

int bench_asked_to_stop(void)
{
	return asked;
}

void bench_drop_signal(int sig)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaction(sig, &ignore, &old); /* one that waits is gone with that */
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	sigaction(sig, &old, NULL);
}

void *bench_shared(size_t size, struct err *err)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		return p;
	err_sys(err, "memory");
	return NULL;
}

static int spawn(struct shared *s, struct err *err)
{
	struct cell_process p;
	int status = 0;

	fflush(NULL);
	if (cell_spawn(&p, in_cell, s, err))
		return -1;
	await(p.pid, &status);
	close(p.channel);
	if (!s->ended)
		return err_set(err, ERR_LAB, "the runner ended with %s %d",
		        WIFSIGNALED(status) ? "signal" : "status",
		        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (s->failed)
		*err = s->err;
	return s->failed;
}

int bench_in_cell(int (*work)(void *arg, struct err *err), void *arg, struct err *err)
{
	struct shared *s = bench_shared(sizeof *s, err);
	int failed;

	if (!s)
		return -1;
	s->work = work;
	s->arg = arg;
	failed = spawn(s, err);
	munmap(s, sizeof *s);
	return failed;
}

struct execution {
	const struct bench_config *config;
	struct bench_stream *stream;
	struct bench_result result;
};

static int execute(void *arg, struct err *err)
{
	struct execution *e = arg;

	return bench_execute(e->config, e->stream, &e->result, err);
}

int bench_run(const struct bench_config *c, struct bench_result *ret, struct err *err)
{
	struct err why = {0};
	struct execution *e;
	int failed;

	if (limits_check(err))
		return -1;
	if (c->against.family || c->serve.family) {
		memset(ret, 0, sizeof *ret);
		return bench_execute(c, NULL, ret, err);
	}
	e = bench_shared(sizeof *e, err);
	if (!e)
		return -1;
	e->config = c;
	if (c->observe == OBSERVE_FULL)
		e->stream = bench_stream_new(&why);
	if (c->observe == OBSERVE_FULL && !e->stream)
		bench_note(&e->result, "states by dumps each second: %s", why.text);
	failed = bench_in_cell(execute, e, err);
	*ret = e->result;
	bench_stream_free(e->stream);
	munmap(e, sizeof *e);
	return failed;
}
