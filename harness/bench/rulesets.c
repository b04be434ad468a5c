/* SPDX-License-Identifier: BSD-2-Clause */
#include "rulesets.h"

#include "netns/nft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* -1 with errno. */
static int read_text(FILE *in, char **ret)
{
	char part[4096];
	size_t size, n;
	FILE *out = must(open_memstream(ret, &size));

	while ((n = fread(part, 1, sizeof part, in)) > 0)
		fwrite(part, 1, n, out);
	if (!ferror(in))
		return fclose(out) ? -1 : 0;
	n = (size_t)errno;
	fclose(out);
	free(*ret);
	*ret = NULL;
	errno = (int)n;
	return -1;
}

int ruleset_parse(const char *value, struct bench_ruleset *ret, struct err *err)
{
	const char *colon = strchr(value, ':');
	size_t n = colon ? (size_t)(colon - value) : 0;
	FILE *in;
	int failed;

	*ret = (struct bench_ruleset){0};
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)n, value);
	if (!colon || (strcmp(ret->host, "client") && strcmp(ret->host, "server")))
		return err_set(err, ERR_INPUT, "'%s': expected client:FILE or server:FILE", value);
	in = fopen(colon + 1, "re");
	if (!in)
		return err_set(err, ERR_INPUT, "'%s': %s", colon + 1, strerror(errno));
	errno = 0;
	failed = read_text(in, &ret->text);
	if (failed)
		err_set(err, ERR_INPUT, "'%s': %s", colon + 1, strerror(errno));
	fclose(in);
	if (failed)
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
