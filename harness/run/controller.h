/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many runs: so many cells at a time, verdicts as they come, and again in the order in which they
 * were asked for. The controller is one thread with one event loop, and holds all that outlives a
 * cell.
 */
#ifndef LASTACK_CONTROLLER_H
#define LASTACK_CONTROLLER_H

#include "report/reporter.h"
#include "run/run.h"

struct plan {
	const struct scenario *scenario;
	unsigned family;
	unsigned repeat; /* from 1; 0: it is run once */
};

struct controller_config {
	const struct plan *plans;
	size_t n;
	unsigned jobs;   /* cells at work at a time; those that wait long do not count */
	uint64_t seed;   /* of the first run; the next ones count up */
	const char *out; /* directory for timelines and captures, NULL none */
	enum observers observers;
	const char *const *set; /* for the record: see struct timeline_head */
	size_t n_set;
	const char *options;
	int progress; /* a line on standard error that says what is waited for */
	void (*ended)(void *arg, const struct outcome *o); /* as soon as there is a verdict */
	/* One after the other, in the order of the plans. The outcome is gone afterwards. */
	void (*in_order)(void *arg, const struct outcome *o);
	/* What the user should know before the first of them. */
	void (*note)(void *arg, const char *text);
	void *arg;
};

/*
 * Runs them all. 1 when it was interrupted (SIGINT, SIGTERM): what was under way has ended without
 * a verdict. -1 with err when the controller itself failed.
 */
int controller_run(const struct controller_config *c, struct err *err);

#endif
