/* SPDX-License-Identifier: BSD-2-Clause */
#include "save.h"

#include "run/save_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

int save_prepare(const char *dir, struct err *err)
{
	if (make_directories(dir, err))
		return -1;
	if (save_file_try(dir, err)) {
		err->kind = ERR_INPUT;
		return -1;
	}
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
