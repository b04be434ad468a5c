/* SPDX-License-Identifier: BSD-2-Clause */
/* Saved files, where files without a name can be made and where they cannot. */
#include "run/save_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* From here on, for this process, as on a file system without O_TMPFILE. 0 or -1. */
static int without_nameless_files(void)
{
	const unsigned flags =
	        offsetof(struct seccomp_data, args[2]) + (__BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4);
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
	        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int holding(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void save(const char *dir, const char *text)
{
	struct err err = {0};
	int in = holding(text);

	assert_int_equal(save_file_try(dir, &err), 0);
	assert_int_equal(save_file(in, dir, "saved", &err), 0);
	close(in);
}

static void holds(const char *dir, const char *text)
{
	char path[128], there[64] = "";
	struct stat st;
	FILE *f;

	snprintf(path, sizeof path, "%s/saved", dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(there, 1, sizeof there - 1, f), strlen(text));
	assert_string_equal(there, text);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	fclose(f);
}

/* Also where it does not go well: the directory then can be removed. */
static void a_file_takes_the_place_of_another(void **state)
{
	char dir[] = "/tmp/save-XXXXXX", path[128];
	struct err err = {0};

	(void)state;
	umask(027);
	assert_non_null(mkdtemp(dir));
	save(dir, "first");
	save(dir, "second");
	holds(dir, "second");
	assert_int_equal(save_file(-1, dir, "saved", &err), -1);
	holds(dir, "second");
	snprintf(path, sizeof path, "%s/saved", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(save_file(holding("third"), dir, "saved", &err), -1);
	assert_non_null(strstr(err.text, "/saved: "));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void also_without_nameless_files(void **state)
{
	assert_int_equal(without_nameless_files(), 0);
	assert_int_equal(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	a_file_takes_the_place_of_another(state);
}

static void nowhere_is_told(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(save_file_try("/nowhere/at/all", &err), -1);
	assert_string_equal(
	        err.text, "/nowhere/at/all: cannot write there: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_file_takes_the_place_of_another),
	        cmocka_unit_test(nowhere_is_told),
	        cmocka_unit_test(also_without_nameless_files), /* the process stays without them */
	};

	return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
