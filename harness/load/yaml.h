/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario from YAML. The language: docs/scenarios.md, generated from the tables that this parser
 * uses. */
#ifndef LASTACK_LOAD_YAML_H
#define LASTACK_LOAD_YAML_H

#include "core/err.h"
#include "model/scenario.h"

/* Of one file. NULL with err (kind ERR_INPUT): "file:line:col: what is wrong, what was expected".
 */
struct scenario *scenario_load(const char *path, struct err *err);

/* The same from memory; `name` stands for the file in errors. */
struct scenario *scenario_parse(const char *text, size_t size, const char *name, struct err *err);

/*
 * "close/in-order": what is below the last directory called scenarios; else what is below
 * `directory`, by which the path was found; without one (NULL) the file's own name. The caller
 * frees.
 */
char *scenario_name(const char *path, const char *directory);

#endif
