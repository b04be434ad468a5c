/* SPDX-License-Identifier: BSD-2-Clause */
#include "rulesets.h"

#include "netns/nft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fault(const char *path, int error, struct err *err)
{
	return err_set(err, ERR_INPUT, "'%s': %s", path, strerror(error));
}

/* All of a file that may be a pipe. */
static int read_text(const char *path, char **ret, struct err *err)
{
	FILE *in = fopen(path, "re"), *out;
	size_t size, n;
	char part[4096];
	int error;

	if (!in)
		return fault(path, errno, err);
	out = must(open_memstream(ret, &size));
	while ((n = fread(part, 1, sizeof part, in)) > 0)
		fwrite(part, 1, n, out);
	error = ferror(in) ? errno : 0;
	fclose(in);
	if (fclose(out))
		error = errno;
	if (!error)
		return 0;
	free(*ret);
	*ret = NULL;
	return fault(path, error, err);
}

int ruleset_parse(const char *value, struct bench_ruleset *ret, struct err *err)
{
	const char *colon = strchr(value, ':');
	size_t n = colon ? (size_t)(colon - value) : 0;

	*ret = (struct bench_ruleset){0};
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)n, value);
	if (!colon || (strcmp(ret->host, "client") && strcmp(ret->host, "server")))
		return err_set(err, ERR_INPUT, "'%s': expected client:FILE or server:FILE", value);
	if (read_text(colon + 1, &ret->text, err))
		return -1;
	ret->path = must(strdup(colon + 1));
	return 0;
}

int rulesets_run(const struct bench_config *c, enum bench_side side, struct err *err)
{
	const char *host = side == SIDE_CLIENT ? "client" : "server";

	array_each (const struct bench_ruleset, x, &c->rulesets) {
		struct nft_fault at = {0};

		if (strcmp(x->host, host) || !nft_run(x->text, &at, err))
			continue;
		if (!*at.said)
			return -1;
		return err_set(
		        err, ERR_INPUT, "%s:%u:%u: nft: %s", x->path, at.line, at.column, at.said);
	}
	return 0;
}
