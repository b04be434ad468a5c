/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are there whole or not at all. */
#ifndef LASTACK_SAVE_FILE_H
#define LASTACK_SAVE_FILE_H

#include "core/err.h"

/* Whether files can be written in `dir`. 0, or -1 with err. */
int save_file_try(const char *dir, struct err *err);

/* All that `in` holds, as `dir`/`name`, in place of what is there. 0, or -1 with err. */
int save_file(int in, const char *dir, const char *name, struct err *err);

#endif
