/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include "netns/sysctl.h"
#include "run.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void settings_copy(struct bench_config *ret, const struct bench_config *from)
{
	*ret = *from;
	ret->set.v = NULL;
	ret->set.n = ret->set.cap = 0;
	array_each (const struct bench_setting, s, &from->set)
		array_push(&ret->set, *s);
}

void settings_add(struct bench_config *c, const char *host, const char *key, const char *value)
{
	struct bench_setting s = {0};

	snprintf(s.host, sizeof s.host, "%s", host);
	snprintf(s.key, sizeof s.key, "%s", key);
	snprintf(s.value, sizeof s.value, "%s", value);
	array_push(&c->set, s);
}

int setting_applies(const struct bench_setting *s, enum bench_side side)
{
	return !strcmp(s->host, "all") ||
	       !strcmp(s->host, side == SIDE_CLIENT ? "client" : "server");
}

const char *settings_value(const struct bench_config *c, enum bench_side side, const char *key)
{
	const char *value = NULL;

	array_each (const struct bench_setting, s, &c->set)
		if (setting_applies(s, side) && !strcmp(s->key, key))
			value = s->value;
	return value;
}

uint64_t settings_number(
        const struct bench_config *c, enum bench_side side, const char *key, uint64_t otherwise)
{
	const char *value = settings_value(c, side, key);
	char *end;
	unsigned long long n;

	if (!value)
		return otherwise;
	n = strtoull(value, &end, 10);
	return end == value || *end ? otherwise : n;
}

int settings_agree(const struct bench_config *c, struct err *err)
{
	array_each (const struct bench_setting, s, &c->set) {
		const char *client = settings_value(c, SIDE_CLIENT, s->key);
		const char *server = settings_value(c, SIDE_SERVER, s->key);

		if (client && server && strcmp(client, server))
			return err_set(err, ERR_INPUT,
			        "--set makes %s '%s' for the client and '%s' for the server, which "
			        "over loopback are one namespace",
			        s->key, client, server);
	}
	return 0;
}

int settings_range(
        const struct bench_config *c, unsigned *ret_lo, unsigned *ret_hi, struct err *err)
{
	const char *value = settings_value(c, SIDE_CLIENT, "net.ipv4.ip_local_port_range");
	int used = 0;

	if (!value)
		return 0;
	if (sscanf(value, "%u %u %n", ret_lo, ret_hi, &used) != 2 || value[used] || !*ret_lo ||
	        *ret_lo > *ret_hi || *ret_hi > 65535)
		return err_set(err, ERR_INPUT,
		        "--set net.ipv4.ip_local_port_range: '%s': expected \"LOW HIGH\", such as "
		        "\"32768 60999\"",
		        value);
	return 1;
}

unsigned settings_reserved(const char *list, unsigned lo, unsigned hi)
{
	static const char *const between = ", \t\n";
	unsigned char taken[65536 / 8] = {0};
	unsigned n = 0;

	for (list += strspn(list, between); *list; list += strspn(list, between)) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long p = from < lo ? lo : from; p <= to && p <= hi; p++)
			taken[p / 8] |= (unsigned char)(1u << p % 8);
		list = end;
	}
	for (unsigned p = lo; p <= hi; p++)
		n += taken[p / 8] >> p % 8 & 1;
	return n;
}

/* In the child: what it writes is gone with its namespace. */
static void try_all(const struct bench_config *c, struct err *shared)
{
	if (unshare(CLONE_NEWNET))
		_exit(0);
	array_each (const struct bench_setting, s, &c->set)
		if (sysctl_write(s->key, s->value, shared)) {
			shared->kind = ERR_INPUT;
			err_prefix(shared, "--set %s:%s", s->host, s->key);
			_exit(1);
		}
	_exit(0);
}

int settings_try(const struct bench_config *c, struct err *err)
{
	struct err *shared;
	int status = 0;
	pid_t pid;

	if (!c->set.n)
		return 0;
	shared = bench_shared(sizeof *shared, err);
	if (!shared)
		return -1;
	fflush(NULL);
	pid = fork();
	if (!pid)
		try_all(c, shared);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		err_set(shared, ERR_LAB, "trying --set ended with signal %d", WTERMSIG(status));
	if (status)
		*err = *shared;
	munmap(shared, sizeof *shared);
	return pid < 0 ? err_sys(err, "fork") : status ? -1 : 0;
}
