/* SPDX-License-Identifier: BSD-2-Clause */
#include "save_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that does not have its name yet: `path` is for the meantime, empty when it needs none. */
struct draft {
	int fd;
	char path[1200];
};

/* mkostemp() is for secrets; this is a file like others. */
static int make_named(const char *dir, struct draft *ret)
{
	mode_t mask = umask(0);

	umask(mask);
	snprintf(ret->path, sizeof ret->path, "%s/.lastack-XXXXXX", dir);
	ret->fd = mkostemp(ret->path, O_CLOEXEC);
	if (ret->fd < 0)
		return -1;
	fchmod(ret->fd, 0666 & ~mask);
	return 0;
}

/* Nothing is left of a nameless one that never became whole; not every file system has them. */
static int draft_open(const char *dir, struct draft *ret, struct err *err)
{
	*ret->path = 0;
	ret->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (ret->fd < 0 && make_named(dir, ret))
		return err_sys(err, "%s: cannot write there", dir);
	return 0;
}

static void draft_close(struct draft *d)
{
	if (*d->path)
		unlink(d->path);
	close(d->fd);
}

static int link_nameless(int fd, const char *path)
{
	char from[64];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	if (unlink(path) && errno != ENOENT)
		return -1;
	return linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static int give_name(struct draft *d, const char *dir, const char *name, struct err *err)
{
	char path[1200];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (*d->path ? rename(d->path, path) : link_nameless(d->fd, path))
		return err_sys(err, "%s", path);
	*d->path = 0;
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

int save_file_try(const char *dir, struct err *err)
{
	struct draft d;

	if (draft_open(dir, &d, err))
		return -1;
	draft_close(&d);
	return 0;
}

int save_file(int in, const char *dir, const char *name, struct err *err)
{
	struct draft d;
	int r;

	if (draft_open(dir, &d, err))
		return -1;
	r = copy_all(in, d.fd, dir, name, err) || give_name(&d, dir, name, err) ? -1 : 0;
	draft_close(&d);
	return r;
}
