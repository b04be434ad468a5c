/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of the wire where there is no wire: the packet filter of the hosts carries them out. */
#include "runner.h"

#include "model/nft_rule.h"
#include "netns/nft.h"
#include "netns/nft_rules.h"
#include "observe/nft_counters.h"

#include <stdlib.h>
#include <string.h>

struct told {
	char name[48];
	uint64_t packets;
};

struct filter {
	struct runner *r;
	struct nft_counters *counters[2]; /* of the host that the segments arrive at, or NULL */
	ARRAY(struct told) told[2];
};

static int install(struct filter *f, enum host at, struct err *err)
{
	const struct runner *r = f->r;
	char *text = NULL;
	size_t size = 0;
	FILE *out = must(open_memstream(&text, &size));
	int failed;

	nft_rules_print(r->scenario, at, r->order->family, out);
	fclose(out);
	if (cell_enter(&r->cell, at, err)) {
		free(text);
		return -1;
	}
	failed = nft_run(text, NULL, err);
	free(text);
	if (!failed) {
		f->counters[at] = nft_counters_open(r->order->family, NFT_RULES_TABLE, err);
		failed = !f->counters[at];
	}
	return cell_leave(&r->cell, failed ? NULL : err) || failed ? -1 : 0;
}

int filter_new(struct runner *r, struct err *err)
{
	struct filter *f;

	if (r->cell.topology.link == LINK_WIRE ||
	        !(nft_rules_concern(r->scenario, HOST_CLIENT) ||
	                nft_rules_concern(r->scenario, HOST_SERVER)))
		return 0;
	f = r->filter = must(calloc(1, sizeof *f));
	f->r = r;
	for (enum host at = HOST_CLIENT; at <= HOST_SERVER; at++)
		if (nft_rules_concern(r->scenario, at) && install(f, at, err))
			return err_prefix(err, "%s", actor_names[at]);
	return 0;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (int at = 0; at < 2; at++) {
		nft_counters_close(f->counters[at]);
		array_free(&f->told[at]);
	}
	free(f);
}

void filter_announce(struct filter *f)
{
	for (size_t i = 0; f && i < f->r->scenario->rules.n; i++)
		for (enum host at = HOST_CLIENT; at <= HOST_SERVER; at++) {
			const struct wire_rule *w = &f->r->scenario->rules.v[i];

			if (w->select.from < 0 || w->select.from != (int)at)
				runner_note(f->r, at, "nft, as it arrives: %s", w->text);
		}
}

struct reading {
	struct filter *f;
	enum host at;
};

static struct told *told_of(const struct reading *x, const char *name)
{
	struct told new = {0};

	array_each (struct told, t, &x->f->told[x->at])
		if (!strcmp(t->name, name))
			return t;
	snprintf(new.name, sizeof new.name, "%s", name);
	array_push(&x->f->told[x->at], new);
	return &x->f->told[x->at].v[x->f->told[x->at].n - 1];
}

static void on_counter(void *arg, const char *name, uint64_t packets)
{
	const struct reading *x = arg;
	struct told *t = told_of(x, name);
	struct event e = {.kind = EV_COUNTER, .source = SRC_NFT, .host = x->at};

	if (t->packets == packets)
		return;
	t->packets = packets;
	snprintf(e.counter.name, sizeof e.counter.name, "nft.%.40s", name);
	e.counter.value = (int64_t)packets;
	runner_emit(x->f->r, &e);
}

int filter_look(struct filter *f, enum host at, struct err *err)
{
	struct reading x = {f, at};

	if (!f || !f->counters[at])
		return 0;
	return nft_counters_read(f->counters[at], on_counter, &x, err);
}
