/* SPDX-License-Identifier: BSD-2-Clause */
/* The names in a scenario that are the system's: states, signals, errnos, sysctls. */
#include "model/sysctl_name.h"
#include "yaml_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t state_names(const char **ret, size_t n)
{
	size_t used = 0;

	for (int s = ST_ESTABLISHED; s < ST_COUNT && used < n; s++)
		ret[used++] = tcp_state_name(s);
	return used;
}

int value_state(struct reader *r, const yaml_node_t *at, const char *word, enum tcp_state *ret)
{
	const char *names[ST_COUNT];

	*ret = tcp_state_parse(word);
	if (*ret != ST_NONE)
		return 0;
	return reader_unknown(r, at, "state", word, names, state_names(names, ST_COUNT));
}

static const struct {
	const char *name;
	int number;
} signals[] = {
        {"SIGKILL", SIGKILL},
        {"SIGTERM", SIGTERM},
        {"SIGINT", SIGINT},
        {"SIGHUP", SIGHUP},
        {"SIGQUIT", SIGQUIT},
        {"SIGABRT", SIGABRT},
        {"SIGSEGV", SIGSEGV},
        {"SIGSTOP", SIGSTOP},
        {"SIGCONT", SIGCONT},
};

int value_signal(struct reader *r, const yaml_node_t *n, int *ret)
{
	const char *names[LENGTH(signals)], *word = node_word(r, n, "a signal like SIGKILL");

	if (!word)
		return -1;
	for (size_t i = 0; i < LENGTH(signals); i++) {
		names[i] = signals[i].name;
		if (!strcmp(word, signals[i].name)) {
			*ret = signals[i].number;
			return 0;
		}
	}
	return reader_unknown(r, n, "signal", word, names, LENGTH(signals));
}

int value_errno(struct reader *r, const yaml_node_t *at, const char *word, int *ret)
{
	const char *names[256];
	size_t n = 0;

	for (int e = 1; e < 256 && n < LENGTH(names); e++) {
		const char *name = strerrorname_np(e);

		if (!name)
			continue;
		if (!strcmp(name, word)) {
			*ret = e;
			return 0;
		}
		names[n++] = name;
	}
	return reader_unknown(r, at, "errno", word, names, n);
}

#define LONGEST_VALUE 256

static int sysctl_pair(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	const char *fault = sysctl_name_fault(key);
	struct sysctl_setting s = {.at = node_mark(at)};
	sysctls *list = into;
	char w[QUOTED_TEXT];

	if (fault)
		return reader_fail(r, at, "%s %s", quoted(key, w, sizeof w), fault);
	if (value_text(r, value, "the value of the sysctl", &s.value))
		return -1;
	if (strlen(s.value) > LONGEST_VALUE) {
		free(s.value);
		return reader_fail(r, value, "the value of %s is too long", key);
	}
	s.name = must(strdup(key));
	array_push(list, s);
	return 0;
}

int value_sysctls(struct reader *r, const yaml_node_t *n, sysctls *ret)
{
	return node_pairs(r, n, "sysctls and their values", sysctl_pair, ret);
}

int value_kernel(struct reader *r, const yaml_node_t *n, struct kernel_guard *ret)
{
	const char *word = node_word(r, n, "kernels like \">= 6.14\"");
	char w[QUOTED_TEXT];

	if (!word)
		return -1;
	if (kernel_guard_parse(word, ret))
		return reader_fail(r, n, "expected kernels like \">= 6.14\" or \"< 6.11\", not %s",
		        quoted(word, w, sizeof w));
	return 0;
}
