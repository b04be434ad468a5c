/* SPDX-License-Identifier: BSD-2-Clause */
#include "rings.h"

#include "observe/bpf.h"

/* Transitions without the ends of TIME_WAIT would be judged as if these had not been. */
static struct bpf_observer *whole_bpf(struct err *why)
{
	struct bpf_observer *o = bpf_observer_new(NULL, why);
	char refused[256];

	if (!o || bpf_observer_times_timewait(o))
		return o;
	err_set(why, ERR_MISSING, "bpf: this kernel refused %s",
	        bpf_observer_refused(o, refused, sizeof refused));
	bpf_observer_free(o);
	return NULL;
}

int rings_open(struct rings *r, enum observers which, struct err *why)
{
	if (which == OBSERVE_POLL)
		return 0;
	r->bpf = whole_bpf(why);
	if (r->bpf || which == OBSERVE_AUTO)
		return 0;
	if (why->kind != ERR_MISSING)
		return -1;
	r->missing = *why;
	err_prefix(&r->missing, "--observers bpf");
	*why = (struct err){0};
	return 0;
}

void rings_close(struct rings *r)
{
	bpf_observer_free(r->bpf);
	r->bpf = NULL;
}

int rings_take(struct rings *r, struct run_order *o, struct err *err)
{
	unsigned n = 0;

	if (r->missing.kind) {
		*err = r->missing;
		return -1;
	}
	if (!r->bpf)
		return 0;
	while (r->taken[n])
		n++;
	if (bpf_observer_slot(r->bpf, n, err))
		return -1;
	r->taken[n] = 1;
	o->bpf = r->bpf;
	o->slot = n;
	return 0;
}

void rings_give_back(struct rings *r, const struct run_order *o)
{
	if (!o->bpf)
		return;
	bpf_observer_release(o->bpf, o->slot);
	r->taken[o->slot] = 0;
}
