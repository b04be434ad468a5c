/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's event stream of both hosts, where there is one (r->bpf). */
#include "runner.h"

#include "observe/bpf.h"

void stream_catch_up(struct runner *r)
{
	if (r->bpf)
		bpf_ring_consume(r->bpf);
	router_catch_up(r->router);
}

static void on_kernel(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct event copy = *e;

	if (e->kind == EV_STATE)
		track_told(r->track, e);
	else
		runner_emit(r, &copy);
	watch_kick(r->watch);
}

static int watch_host(struct runner *r, enum host h, struct err *err)
{
	uint64_t cookie = cell_cookie(&r->cell, h, err);

	return cookie ? bpf_observer_watch(r->order->bpf, r->order->slot, h, cookie, err) : -1;
}

int stream_new(struct runner *r, struct err *err)
{
	char refused[200];

	if (!r->order->bpf)
		return 0;
	r->bpf = bpf_ring_open(r->order->bpf, r->order->slot, on_kernel, r, err);
	if (!r->bpf || bpf_ring_start(r->bpf, r->base, err))
		return -1;
	track_stream_begins(r->track);
	if (*bpf_observer_refused(r->order->bpf, refused, sizeof refused))
		runner_note(r, ACTOR_LAB, "bpf: this kernel refused %s", refused);
	return watch_host(r, HOST_CLIENT, err) || watch_host(r, HOST_SERVER, err) ? -1 : 0;
}

void stream_check(struct runner *r)
{
	uint64_t lost = r->bpf ? bpf_ring_lost(r->bpf) : 0;
	uint64_t missed = r->bpf ? bpf_ring_missed(r->bpf) + bpf_ring_strangers(r->bpf) : 0;
	struct err err;

	if (missed)
		runner_note(r, ACTOR_LAB,
		        "%llu transitions of this machine went unseen by BPF; looks tell what of "
		        "them was here",
		        (unsigned long long)missed);
	if (!lost)
		return;
	err_set(&err, ERR_LAB, "%llu events of the kernel were lost", (unsigned long long)lost);
	runner_trouble(r, &err);
}
