/* SPDX-License-Identifier: BSD-2-Clause */
/* A record of the kernel, by itself, as an event. */
#include "observe/bpf_observer.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct ev_state) <= sizeof(struct ev_kernel), "what event_begin clears");

static void endpoint_of(struct endpoint *ret, const uint8_t *addr, uint8_t family, uint16_t port)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memset(ret, 0, sizeof *ret);
	ret->port = port;
	ret->family = family;
	if (family == AF_INET6 && !memcmp(addr, mapped, sizeof mapped)) {
		ret->family = AF_INET;
		memcpy(ret->addr, addr + sizeof mapped, 4);
	} else {
		memcpy(ret->addr, addr, family == AF_INET6 ? 16 : 4);
	}
}

/* All of it but the details, which begin as zeroes; the room for words stays as it is. */
static void event_begin(struct event *e, const struct bpf_record *raw, enum event_kind kind)
{
	memset(e, 0, offsetof(struct event, text) + sizeof(struct ev_kernel));
	e->t_ns = raw->t_ns;
	e->kind = kind;
	e->source = SRC_BPF;
	e->host = raw->host;
	e->cookie = raw->cookie;
	endpoint_of(&e->tuple.local, raw->local, raw->family, raw->local_port);
	endpoint_of(&e->tuple.remote, raw->remote, raw->family, raw->remote_port);
}

void bpf_tell_state(const struct bpf_teller *t, const struct bpf_record *raw, enum tcp_state from,
        enum tcp_state to)
{
	struct event e;

	event_begin(&e, raw, EV_STATE);
	e.state.from = from;
	e.state.to = to;
	e.state.since_ns = raw->t_ns;
	e.state.pid = raw->pid;
	e.state.tid = raw->tid;
	e.state.exiting = raw->exiting;
	if (raw->pid)
		memcpy(e.state.command, raw->command, sizeof e.state.command - 1);
	t->each(t->arg, &e);
}

static void deed_begin(
        struct event *e, const struct bpf_record *raw, enum kernel_deed deed, enum tcp_state state)
{
	event_begin(e, raw, EV_KERNEL);
	e->kernel.deed = deed;
	e->kernel.state = state;
	e->kernel.flags = raw->flags;
	e->kernel.pid = raw->pid;
	e->kernel.tid = raw->tid;
}

void bpf_tell_deed(const struct bpf_teller *t, const struct bpf_record *raw, enum kernel_deed deed,
        enum tcp_state state)
{
	struct event e;

	deed_begin(&e, raw, deed, state);
	t->each(t->arg, &e);
}

uint64_t bpf_timer_ns(const struct bpf_teller *t, const struct bpf_record *raw)
{
	int32_t jiffies = (int32_t)raw->value;

	return jiffies > 0 ? (uint64_t)jiffies * t->jiffy_ns : 0;
}

void bpf_tell_timer(const struct bpf_teller *t, const struct bpf_record *raw, enum kernel_deed deed,
        enum tcp_state state)
{
	struct event e;

	deed_begin(&e, raw, deed, state);
	e.kernel.timer_ns = bpf_timer_ns(t, raw);
	t->each(t->arg, &e);
}

void bpf_tell_retransmit(const struct bpf_teller *t, const struct bpf_record *raw)
{
	struct event e;

	deed_begin(&e, raw, KERNEL_RETRANSMIT, raw->to);
	e.kernel.seq = raw->value;
	e.kernel.length = raw->length;
	e.kernel.probe = raw->extra;
	t->each(t->arg, &e);
}

void bpf_tell_reset_sent(const struct bpf_teller *t, const struct bpf_record *raw)
{
	struct event e;

	deed_begin(&e, raw, KERNEL_RESET_SENT, raw->to);
	if (raw->value < BPF_REASONS)
		memcpy(e.kernel.reason, t->reasons[raw->value], sizeof e.kernel.reason);
	t->each(t->arg, &e);
}
