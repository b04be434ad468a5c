/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding scenarios. An argument is a file, a directory, the name of a scenario (close/in-order),
 * the beginning of names (close), or a tag. Names and tags are looked up in the catalogue's
 * directory: $LASTACK_SCENARIOS; else ./scenarios; else ../scenarios from the binary; else the
 * installed one.
 */
#ifndef LASTACK_LOAD_CATALOGUE_H
#define LASTACK_LOAD_CATALOGUE_H

#include "core/err.h"
#include "model/scenario.h"

/*
 * Loads what the arguments name, each scenario once, in the order of the arguments and then of
 * names; without arguments the whole catalogue, both tiers. One that does not load fails the whole.
 * 0, or -1 with err and nothing to free.
 */
int catalogue_find(char **args, int n, struct scenario ***ret, size_t *ret_n, struct err *err);

/* Whether one of the arguments names this very scenario, by its file or its full name. */
int catalogue_is_named(const struct scenario *s, char **args, int n);

void catalogue_free(struct scenario **scenarios, size_t n);

/* The catalogue's directory, or NULL with err. The caller frees it. */
char *catalogue_directory(struct err *err);

#endif
