/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire between the hosts, where the link is one: what arrives goes on the timeline, between
 * looks at the sockets on both ends, since a change between two looks is the segment's doing.
 */
#include "runner.h"

#include "core/clock.h"
#include "netns/packet.h"

int link_device(void *arg, enum host h, const char *name, struct err *err)
{
	struct runner *r = arg;
	int fd = wire_device_open(name, err);

	if (fd < 0)
		return -1;
	r->device[h != HOST_CLIENT] = fd;
	return 0;
}

const char *link_name(const struct runner *r)
{
	if (r->wire)
		return packet_is(r->device[0]) ? "wire+packet" : "wire+tun";
	return r->filter ? "veth+nft" : "veth";
}

static void on_arrived(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct event copy = *e;

	/* What the sender's socket became comes before what it sent. */
	watch_look(r->watch, e->host, &e->tuple);
	runner_emit(r, &copy);
	watch_kick(r->watch);
}

/* Before and after: what changed in between, the segment did. */
static void look_at_receiver(void *arg, const struct event *e)
{
	struct runner *r = arg;
	struct tuple there = tuple_reversed(&e->tuple);

	watch_look(r->watch, e->host == HOST_CLIENT ? HOST_SERVER : HOST_CLIENT, &there);
}

static void on_wire_trouble(void *arg, const struct err *err)
{
	runner_trouble(arg, err);
}

/*
 * Half of RTO_MIN: a timer of the sender runs out when its segment, and what answers it, wait so
 * long for us.
 */
#define WAITED_TOO_LONG_NS (100 * NS_PER_MS)

void link_check(struct runner *r)
{
	struct err err;
	char text[32];
	uint64_t ns = r->wire ? wire_stats(r->wire).waited_ns : 0;

	if (ns < WAITED_TOO_LONG_NS)
		return;
	err_set(&err, ERR_LAB,
	        "this machine is too busy: a segment waited %s for the wire, and timers of its "
	        "sender ran on meanwhile",
	        duration_format(ns, text, sizeof text));
	runner_trouble(r, &err);
}

int link_new(struct runner *r, struct err *err)
{
	const struct wire_config config = {
	        .base = r->base,
	        .fd = {r->device[0], r->device[1]},
	        .rules = r->scenario->rules.v,
	        .n_rules = r->scenario->rules.n,
	        .seed = r->order->seed,
	        .pcapng = r->order->capture >= 0 ? fdopen(r->order->capture, "w") : NULL,
	        .arrived = on_arrived,
	        .delivering = look_at_receiver,
	        .delivered = look_at_receiver,
	        .trouble = on_wire_trouble,
	        .arg = r,
	};

	if (r->cell.topology.link != LINK_WIRE)
		return 0;
	r->wire = wire_new(&config, err);
	return r->wire ? 0 : -1;
}
