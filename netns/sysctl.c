/* SPDX-License-Identifier: BSD-2-Clause */
#include "sysctl.h"

#include "core/words.h"
#include "model/sysctl_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Dots become slashes; a slash in a name stands for a dot (as in sysctl(8): an interface "eth0/1").
 */
static int path_of(const char *name, char *ret, size_t size)
{
	int n = snprintf(ret, size, "/proc/sys/%s", name);

	if (n < 0 || (size_t)n >= size || strstr(name, ".."))
		return -1;
	for (char *c = ret + strlen("/proc/sys/"); *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return 0;
}

/* Some of net.* are one for all namespaces: there the kernel lets nobody write from another. */
static int cannot_open(const char *name, struct err *err)
{
	if (errno == EACCES || errno == EROFS)
		return err_set(err, ERR_INPUT,
		        "sysctl %s cannot be written here: it is the whole machine's, or only to "
		        "be read",
		        name);
	return err_sys(err, "sysctl %s", name);
}

int sysctl_write(const char *name, const char *value, struct err *err)
{
	const char *fault = sysctl_name_fault(name);
	char path[256];
	size_t size = strlen(value);
	int fd, failed;

	if (fault)
		return err_set(err, ERR_INPUT, "sysctl '%s' %s", name, fault);
	if (!size)
		return err_set(err, ERR_INPUT, "sysctl %s: no value", name);
	if (path_of(name, path, sizeof path))
		return err_set(err, ERR_INPUT, "sysctl '%s': not a name", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_open(name, err);
	failed = write(fd, value, size) != (ssize_t)size;
	if (failed)
		err_sys(err, "sysctl %s = %s", name, value);
	close(fd);
	return failed ? -1 : 0;
}

int sysctl_write_number(const char *name, uint64_t value, struct err *err)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	return sysctl_write(name, text, err);
}

int sysctl_read(const char *name, char *ret, size_t size, struct err *err)
{
	char path[256];
	ssize_t n;
	int fd;

	if (path_of(name, path, sizeof path))
		return err_set(err, ERR_INPUT, "sysctl '%s': not a name", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "sysctl %s", name);
	n = read(fd, ret, size - 1);
	if (n < 0)
		err_sys(err, "sysctl %s", name);
	close(fd);
	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	return n < 0 ? -1 : 0;
}

/* The directory's names, for the nearest one to a word that is not there. */
static void suggest(const char *name, char *ret, size_t size)
{
	const char *leaf = strrchr(name, '.'), *near;
	char dir[256], names[256][64];
	const char *list[256];
	struct dirent *d;
	size_t n = 0;
	DIR *f;

	*ret = 0;
	if (!leaf || path_of(name, dir, sizeof dir))
		return;
	*strrchr(dir, '/') = 0;
	f = opendir(dir);
	if (!f)
		return;
	while (n < 256 && (d = readdir(f))) {
		snprintf(names[n], sizeof names[n], "%.63s", d->d_name);
		list[n] = names[n];
		n++;
	}
	closedir(f);
	near = words_nearest(leaf + 1, list, n);
	if (near)
		snprintf(ret, size, "; did you mean '%.*s.%s'?", (int)(leaf - name), name, near);
}

static int exists(const char *name)
{
	char path[256];

	return !path_of(name, path, sizeof path) && !access(path, F_OK);
}

struct trial {
	const struct scenario *scenario;
	enum host host;
	const struct sysctl_setting *setting;
	int on_machine; /* exists in the machine's own namespace */
};

typedef ARRAY(struct trial) trials;

static void collect(trials *t, const struct scenario *s, enum host h, const sysctls *list)
{
	array_each (struct sysctl_setting, x, list)
		array_push(t, ((struct trial){s, h, x, exists(x->name)}));
}

/* Where the setting stands: in the scenario, or, without a line, on the command line. */
static int err_where(struct err *err, const struct trial *t)
{
	const struct sysctl_setting *x = t->setting;

	if (!x->at.line)
		return err_prefix(err, "--set %s:%s", actor_names[t->host], x->name);
	return err_prefix(err, "%s:%u:%u", t->scenario->path, x->at.line, x->at.column);
}

static int not_there(const struct trial *t, struct err *err)
{
	const char *name = t->setting->name;
	char near[128];

	if (t->on_machine)
		return err_set(err, ERR_INPUT,
		        "the sysctl '%s' exists only for the whole machine: a host of a scenario "
		        "has none of its own",
		        name);
	suggest(name, near, sizeof near);
	return err_set(err, ERR_INPUT, "this kernel has no sysctl '%s'%s", name, near);
}

static int try_one(const struct trial *t, struct err *err)
{
	const struct sysctl_setting *x = t->setting;
	const char *fault = sysctl_name_fault(x->name);

	if (fault) {
		err_set(err, ERR_INPUT, "'%s' %s", x->name, fault);
		return err_where(err, t);
	}
	/* Comes into being with conntrack, which a run finds out about. */
	if (!strncmp(x->name, "net.netfilter.nf_", 17) && !exists("net.netfilter.nf_conntrack_max"))
		return 0;
	if (!exists(x->name)) {
		not_there(t, err);
		return err_where(err, t);
	}
	if (!sysctl_write(x->name, x->value, err))
		return 0;
	err->kind = ERR_INPUT;
	return err_where(err, t);
}

/* In a child, so that the namespace goes with it. */
static int try_all(const trials *t, struct err *shared)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(shared, "fork");
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(0);
		array_each (struct trial, x, t)
			if (try_one(x, shared))
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(shared, "waiting for the trial of sysctls");
	return status ? -1 : 0;
}

int sysctl_try(struct scenario *const *scenarios, size_t n, struct err *err)
{
	struct err *shared;
	trials t = {0};
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		for (int h = 0; h < HOST_COUNT; h++)
			collect(&t, scenarios[i], h, &scenarios[i]->hosts[h].sysctls);
		array_each (struct step, s, &scenarios[i]->steps)
			collect(&t, scenarios[i], s->actor, &s->sysctls);
	}
	if (!t.n)
		return 0;
	shared = mmap(
	        NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		r = err_sys(err, "memory");
	} else {
		r = try_all(&t, shared);
		if (r && err)
			*err = *shared;
		munmap(shared, sizeof *shared);
	}
	array_free(&t);
	return r;
}
