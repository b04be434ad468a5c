/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the parts of the scenario parser fit together.
 *
 * The language is a set of tables: each map of a scenario has an array of struct field, and the
 * generated reference (docs/scenarios.md) prints these very arrays. A function that reads something
 * returns 0, or -1 with the error set, file, line and column in front.
 *
 * The text is untrusted. Its depth is bounded by the tables, never by the text: the readers recurse
 * over what the language has, so that an alias to its own ancestor is only a value of the wrong
 * type. Aliases can multiply what a small text says; `budget` bounds that.
 */
#ifndef LASTACK_YAML_INTERNAL_H
#define LASTACK_YAML_INTERNAL_H

#include "core/err.h"
#include "model/expectation.h"
#include "model/scenario.h"

#include <yaml.h>

struct reader {
	const char *name; /* of the file, for errors */
	struct err *err;
	yaml_document_t doc;
	const char *text; /* of the file, for where a block stands in it */
	size_t size;
	unsigned budget; /* nodes that may still be read */
	struct scenario *scenario;
};

/* One key of a map of the language. */
struct field {
	const char *key;
	const char *value; /* how its value is written: "N", "a duration" */
	const char *help;  /* one line for the reference */
	int (*read)(struct reader *r, const yaml_node_t *value, void *into);
};

/* What a map is read with; `into` is handed to each field's reader. */
struct field_map {
	const char *what; /* "a rule of the wire" */
	const struct field *fields;
	size_t n;
	/* For keys that are no field: 1 taken, 0 unknown, -1 failed. May be NULL. */
	int (*other)(struct reader *r, const char *key, const yaml_node_t *at,
	        const yaml_node_t *value, void *into);
	/* Further valid names for the error about an unknown key; NULL at the end. May be NULL. */
	const char *const *other_names;
};

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* yaml_scan.c: the text, before anything of it is read */
void reader_parser(const struct reader *r, yaml_parser_t *ret); /* at the text's beginning */
int reader_scan(struct reader *r);
int reader_not_yaml(struct reader *r, const yaml_parser_t *p); /* the error of the parser */

/* yaml_node.c: nodes and errors */
int reader_fail(struct reader *r, const yaml_node_t *at, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
int reader_unknown(struct reader *r, const yaml_node_t *at, const char *what, const char *word,
        const char *const *valid, size_t n);
struct mark node_mark(const yaml_node_t *n);
const char *node_describe(const yaml_node_t *n, char *buf, size_t size);
const char *quoted(const char *text, char *buf, size_t size);
#define QUOTED_TEXT 64

/* The text of a scalar; NULL with an error that says what was expected. */
const char *node_word(struct reader *r, const yaml_node_t *n, const char *expected);
int node_map(struct reader *r, const yaml_node_t *n, const struct field_map *m, void *into);
/* Calls `each` for every item of a list; one scalar or map stands for a list of itself. */
int node_list(struct reader *r, const yaml_node_t *n, size_t most, const char *expected,
        int (*each)(struct reader *r, const yaml_node_t *item, void *into), void *into);
int node_is_empty_list(const yaml_node_t *n);
/* Every pair of a map, keys checked to be words, and to be there once. */
int node_pairs(struct reader *r, const yaml_node_t *n, const char *what,
        int (*each)(struct reader *r, const char *key, const yaml_node_t *at,
                const yaml_node_t *value, void *into),
        void *into);

/* yaml_value.c: scalars */
int value_count(struct reader *r, const yaml_node_t *n, uint64_t lo, uint64_t hi, uint64_t *ret);
int value_unsigned(struct reader *r, const yaml_node_t *n, unsigned lo, unsigned hi, unsigned *ret);
int value_rate(struct reader *r, const yaml_node_t *n, double *ret);
int value_bool(struct reader *r, const yaml_node_t *n, int *ret);
int value_duration(struct reader *r, const yaml_node_t *n, uint64_t *ret_ns);
int value_range(struct reader *r, const yaml_node_t *n, struct range *ret);
int value_durations(struct reader *r, const yaml_node_t *n, struct range *ret);
int value_stay(struct reader *r, const yaml_node_t *n,
        struct range *ret); /* in a state: these, or of retransmissions */
int value_signal(struct reader *r, const yaml_node_t *n, int *ret);
int value_errno(struct reader *r, const yaml_node_t *at, const char *word, int *ret);
int value_host(struct reader *r, const yaml_node_t *n, int *ret);
int value_kernel(struct reader *r, const yaml_node_t *n, struct kernel_guard *ret);
int value_text(struct reader *r, const yaml_node_t *n, const char *expected, char **ret);
int value_word_item(struct reader *r, const yaml_node_t *n, void *into); /* of a `words` */
int value_sysctls(struct reader *r, const yaml_node_t *n, sysctls *ret);
int value_state(struct reader *r, const yaml_node_t *at, const char *word, enum tcp_state *ret);
size_t state_names(const char **ret, size_t n); /* the names of all states of a connection */

/* yaml_wire.c: selectors */
/* "fin again from server dropped"; a fate only where `fate` is set. */
int value_selector(struct reader *r, const yaml_node_t *at, const char *text, int fate,
        struct segment_selector *ret);

/* yaml_rule.c: rules of the wire */
int read_rules(struct reader *r, const yaml_node_t *n, void *scenario);
int read_rule(struct reader *r, const yaml_node_t *n, void *scenario);
extern const struct field change_fields[]; /* of `set` */
extern const size_t change_fields_n;
extern const struct field rule_fields[];
extern const size_t rule_fields_n;
extern const char *const fault_names[]; /* NULL at the end */
extern const char *const fault_helps[];
extern const enum segment_fate fault_fates[];

/* yaml_step.c: steps */
int read_steps(struct reader *r, const yaml_node_t *n, void *scenario);
enum { /* what a step may carry besides its action */
	PARAM_TO = 1,
	PARAM_FROM = 2,
	PARAM_RATE = 4,
	PARAM_ON = 8,
	PARAM_WAIT = 16,
	PARAM_AFTER = 32,
};
struct action_form {
	unsigned actors; /* bits 1 << enum host */
	unsigned params;
	const char *value;
	int (*read)(struct reader *r, const yaml_node_t *value, void *step);
};
extern const struct action_form action_forms[DO_COUNT];
extern const struct field param_fields[]; /* in the order of the PARAM_ bits */
extern const size_t param_fields_n;

/* yaml_expect.c: expectations */
int read_expect(struct reader *r, const yaml_node_t *n, void *step);
extern const struct field expect_fields[];
extern const size_t expect_fields_n;

/* yaml_router.c: what only a router has */
int value_nft(struct reader *r, const yaml_node_t *n, struct nft_text *ret);
int value_conntrack(
        struct reader *r, const yaml_node_t *at, const char *word, enum conntrack_state *ret);

/* yaml_host.c: hosts */
int read_host(struct reader *r, const yaml_node_t *n, enum host which);
extern const struct field host_fields[];
extern const size_t host_fields_n;
extern const char *const behaviour_names[]; /* NULL at the end */
extern const char *const behaviour_words[]; /* of on_eof; "" where it has none */
extern const char *const behaviour_helps[];

/* yaml_check.c: what only the whole scenario can tell */
int scenario_check(struct reader *r);

/* yaml.c: the outermost map */
extern const struct field scenario_fields[];
extern const size_t scenario_fields_n;

#endif
