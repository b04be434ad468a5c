/* SPDX-License-Identifier: BSD-2-Clause */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkdir -p */
static int make_directories(const char *dir, struct err *err)
{
	char path[1024];

	if ((size_t)snprintf(path, sizeof path, "%s", dir) >= sizeof path)
		return err_set(err, ERR_INPUT, "%s: too long a path", dir);
	for (char *c = path + 1;; c++) {
		char was = *c;

		if (was && was != '/')
			continue;
		*c = 0;
		if (mkdir(path, 0777) && errno != EEXIST) {
			err_sys(err, "%s", path);
			err->kind = ERR_INPUT;
			return -1;
		}
		*c = was;
		if (!was)
			return 0;
	}
}

/* A file without a name until it is whole: nothing is left of one that was not. */
static int open_nameless(const char *dir, struct err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

	if (fd < 0)
		err_sys(err, "%s: cannot write there", dir);
	return fd;
}

static int give_name(int fd, const char *dir, const char *name, struct err *err)
{
	char from[64], path[1200];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (unlink(path) && errno != ENOENT)
		return err_sys(err, "%s", path);
	if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
		return err_sys(err, "%s", path);
	return 0;
}

static int copy_all(int in, int out, const char *dir, const char *name, struct err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(in, &st))
		return err_sys(err, "%s", name);
	while (at < st.st_size)
		if (sendfile(out, in, &at, (size_t)(st.st_size - at)) <= 0)
			return err_sys(err, "%s/%s", dir, name);
	return 0;
}

static int save_file(int in, const char *dir, const char *name, struct err *err)
{
	int out = open_nameless(dir, err), r;

	if (out < 0)
		return -1;
	r = copy_all(in, out, dir, name, err) || give_name(out, dir, name, err) ? -1 : 0;
	close(out);
	return r;
}

int save_prepare(const char *dir, struct err *err)
{
	int fd;

	if (make_directories(dir, err))
		return -1;
	fd = open_nameless(dir, err);
	if (fd < 0) {
		err->kind = ERR_INPUT;
		return -1;
	}
	close(fd);
	return 0;
}

static int save_scenario(const char *path, const char *dir, struct err *err)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), r;

	if (in < 0)
		return err_sys(err, "%s", path);
	r = save_file(in, dir, "scenario.yaml", err);
	close(in);
	return r;
}

int save_run(const char *out, const struct plan *p, const struct run_order *o, struct err *err)
{
	char dir[1024];
	struct stat st;
	int n = snprintf(dir, sizeof dir, "%s/%s/ipv%u", out, p->scenario->name, p->family);

	if (p->repeat && n > 0 && (size_t)n < sizeof dir)
		snprintf(dir + n, sizeof dir - (size_t)n, "-%u", p->repeat);
	if (o->timeline < 0)
		return 0; /* it never began */
	if (make_directories(dir, err) || save_scenario(p->scenario->path, dir, err) ||
	        save_file(o->timeline, dir, "timeline.ndjson", err))
		return -1;
	if (o->capture < 0 || fstat(o->capture, &st) || !st.st_size)
		return 0;
	return save_file(o->capture, dir, "wire.pcapng", err);
}
