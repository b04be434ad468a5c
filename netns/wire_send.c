/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How packets leave the wire, at once or later. Three queues: by the clock, until released, and
 * behind others; one timerfd for the first moment at which anything is due.
 */
#include "wire_internal.h"

#include "core/clock.h"
#include "netns/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* `what` became of it. What the wire made has no number among those that were sent. */
static const char *comment_for(
        const struct wire *w, const struct event *e, const char *what, char *buf, size_t size)
{
	char number[16] = "";
	const struct ev_segment *s = &e->segment;
	const struct wire_rule *r = s->rule >= 0 ? w->rules.v[s->rule].rule : NULL;

	if (!r)
		return NULL;
	if (s->ordinal)
		snprintf(number, sizeof number, " %u", s->ordinal);
	snprintf(buf, size, "%s: %s%s of connection %u%s; rule %d: %s", what,
	        segment_role_names[s->role], number, s->connection,
	        s->probe   ? " (again, a tail loss probe)"
	        : s->again ? " (again)"
	                   : "",
	        s->rule + 1, r->text ? r->text : r->action);
	return buf;
}

/* What was held comes twice: as it arrived, and as it was let go. */
static const char *fate_here(const struct event *e, enum pcapng_direction direction)
{
	return e->segment.fate == FATE_HELD && direction == PCAPNG_OUTBOUND
	               ? "held, and released now"
	               : segment_fate_names[e->segment.fate];
}

void wire_capture(struct wire *w, const struct event *e, enum pcapng_direction direction,
        uint64_t t_ns, const uint8_t *bytes, size_t size)
{
	unsigned interface = direction == PCAPNG_INBOUND ? e->host : !e->host;
	char text[512];

	if (!w->pcapng)
		return;
	pcapng_name(w->pcapng, &e->tuple.local, actor_names[e->host]);
	pcapng_name(w->pcapng, &e->tuple.remote, actor_names[!e->host]);
	pcapng_packet(w->pcapng, interface, direction, t_ns, bytes, size,
	        comment_for(w, e, fate_here(e, direction), text, sizeof text));
}

void wire_side_init(struct side *s)
{
	struct sockaddr_ll at = {0};
	socklen_t size = sizeof at;

	if (!getsockname(s->fd, (struct sockaddr *)&at, &size) && at.sll_family == AF_PACKET)
		s->ifindex = at.sll_ifindex;
}

/* A packet socket wants to be told the frame's header each time. */
static ssize_t write_frame(const struct side *s, const uint8_t *bytes, size_t size)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
	        .sll_protocol = htons(bytes[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP),
	        .sll_ifindex = s->ifindex,
	        .sll_halen = 6,
	        .sll_addr = {PACKET_HOST_MAC}};

	return sendto(s->fd, bytes, size, 0, (const struct sockaddr *)&to, sizeof to);
}

void wire_flush(struct wire *w)
{
	struct err err;

	if (!w->batch)
		return;
	errno = batch_flush(w->batch);
	if (!errno)
		return;
	err_sys(&err, "wire: writing");
	wire_trouble(w, &err);
}

int wire_write(struct wire *w, enum host to, const uint8_t *bytes, size_t size)
{
	const struct side *s = &w->side[to];
	ssize_t n;

	if (w->batch && batch_holds(w->batch, bytes)) {
		batch_write(w->batch, s->fd, bytes, size);
		return 0;
	}
	wire_flush(w);
	do
		n = s->ifindex ? write_frame(s, bytes, size) : write(s->fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* ---- leaving ---- */

/* What the wire itself puts in arrives nowhere: it is told as it leaves. */
static void tell_injected(struct wire *w, struct event *e, struct flow *c, const struct segment *s)
{
	e->t_ns = clock_now_ns();
	e->segment.number = ++w->stats.segments;
	flow_injected(c, s, e->host);
	if (w->c.arrived)
		w->c.arrived(w->c.arg, e);
}

static void leave(struct wire *w, struct event *e, struct flow *c, const struct segment *s)
{
	struct err err;

	if (w->cut_until_ns)
		return;
	if (e->segment.fate == FATE_INJECTED)
		tell_injected(w, e, c, s);
	if (e->segment.fate != FATE_PASSED)
		wire_capture(w, e, PCAPNG_OUTBOUND, clock_now_ns(), s->ip, s->size);
	if (w->c.delivering)
		w->c.delivering(w->c.arg, e);
	if (wire_write(w, !e->host, s->ip, s->size)) {
		err_sys(&err, "wire: writing to the %s", actor_names[!e->host]);
		wire_trouble(w, &err);
		return;
	}
	if (e->segment.fate != FATE_CORRUPTED || segment_checksum_ok(s))
		flow_delivered(c, s, e->host);
	if (w->c.delivered)
		w->c.delivered(w->c.arg, e);
}

/* A copy that was kept. Its connection may be forgotten by now: then it is begun anew. */
static void leave_parcel(struct wire *w, struct parcel *p)
{
	struct ev_segment ignored;
	struct segment s;
	struct flow *c;

	if (!segment_parse(p->bytes, p->size, &s)) {
		c = flow_find(&w->flows, &s, p->event.host);
		if (!c)
			c = flow_segment(&w->flows, &s, p->event.host, p->event.t_ns, &ignored);
		leave(w, &p->event, c, &s);
	}
	free(p);
}

void wire_deliver(struct wire *w, struct event *e, struct flow *c, const struct segment *s)
{
	struct parcel *p;

	leave(w, e, c, s);
	if (!w->behind.first)
		return;
	for (int counted = 1; (p = queue_pass(&w->behind, e, counted)); counted = 0)
		leave_parcel(w, p);
}

/* ---- time ---- */

static uint64_t next_due(const struct wire *w)
{
	uint64_t t = UINT64_MAX;

	if (w->later.first)
		t = w->later.first->due_ns;
	if (w->behind.first && w->behind.first->due_ns < t)
		t = w->behind.first->due_ns;
	if (w->cut_until_ns && w->cut_until_ns < t)
		t = w->cut_until_ns;
	return t;
}

static void arm(struct wire *w)
{
	uint64_t t = next_due(w);
	struct itimerspec when = {
	        .it_value = {.tv_sec = (time_t)(t / NS_PER_S), .tv_nsec = (long)(t % NS_PER_S)}};
	struct err err;

	if (t == w->armed_ns || t == UINT64_MAX)
		return;
	w->armed_ns = t;
	if (timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &when, NULL)) {
		err_sys(&err, "wire: setting its timer");
		wire_trouble(w, &err);
	}
}

void wire_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;
	struct parcel *p;
	uint64_t expirations;

	(void)what;
	if (read(fd, &expirations, sizeof expirations) < 0)
		return; /* set anew in the meantime */
	w->armed_ns = 0;
	if (w->cut_until_ns && w->cut_until_ns <= clock_now_ns())
		wire_mend(w);
	while ((p = queue_take(&w->later, clock_now_ns())))
		leave_parcel(w, p);
	while ((p = queue_take(&w->behind, clock_now_ns())))
		leave_parcel(w, p);
	arm(w);
}

unsigned wire_release(struct wire *w)
{
	struct wire_queue q = w->held;
	struct parcel *p;
	unsigned n = 0;

	w->held.first = NULL;
	for (; (p = queue_take(&q, UINT64_MAX)); n++)
		leave_parcel(w, p);
	return n;
}

/* ---- for faults ---- */

void passage_send(struct passage *p)
{
	wire_deliver(p->wire, p->event, p->flow, p->seg);
}

void passage_send_after(struct passage *p, uint64_t ns)
{
	struct wire *w = p->wire;

	queue_put(&w->later, p->event->t_ns + ns, p->event, p->seg->ip, p->seg->size);
	arm(w);
}

void passage_hold(struct passage *p)
{
	queue_put(&p->wire->held, 0, p->event, p->seg->ip, p->seg->size);
}

void passage_send_behind(struct passage *p, unsigned n, uint64_t ns)
{
	struct wire *w = p->wire;

	queue_put(&w->behind, p->event->t_ns + ns, p->event, p->seg->ip, p->seg->size)->behind = n;
	arm(w);
}

void passage_inject(
        struct passage *p, struct segment *s, enum segment_role role, enum host sender, uint64_t ns)
{
	struct event e = *p->event;

	e.host = sender;
	e.tuple = (struct tuple){.local = s->from, .remote = s->to};
	e.segment.role = role;
	e.segment.ordinal = 0;
	e.segment.again = e.segment.probe = 0;
	e.segment.flags = s->flags;
	e.segment.seq = s->seq;
	e.segment.ack = s->ack;
	e.segment.length = s->length;
	e.segment.window = s->window;
	e.segment.has_sent = 0;
	e.segment.sent_ms = 0;
	e.segment.fate = FATE_INJECTED;
	if (!ns) {
		wire_deliver(p->wire, &e, p->flow, s);
		return;
	}
	queue_put(&p->wire->later, clock_now_ns() + ns, &e, s->ip, s->size);
	arm(p->wire);
}

void passage_answer(struct passage *p, const uint8_t *packet, size_t size)
{
	struct wire *w = p->wire;
	char text[512];

	if (w->pcapng)
		pcapng_packet(w->pcapng, p->event->host, PCAPNG_OUTBOUND, clock_now_ns(), packet,
		        size,
		        comment_for(w, p->event, "ICMP error in answer to", text, sizeof text));
	wire_write(w, p->event->host, packet, size);
}

/* ---- the cable ---- */

/* A veth loses its carrier when the other end, which is ours, goes down. */
static int far_end_up(const struct side *s, int on)
{
	struct ifreq r = {.ifr_ifindex = s->ifindex};

	if (ioctl(s->fd, SIOCGIFNAME, &r) || ioctl(s->fd, SIOCGIFFLAGS, &r))
		return -1;
	r.ifr_flags = (short)(on ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	return ioctl(s->fd, SIOCSIFFLAGS, &r);
}

static void set_carrier(struct wire *w, int on)
{
	struct err err;

	for (int h = 0; h < 2; h++) {
		const struct side *s = &w->side[h];

		if (!(s->ifindex ? far_end_up(s, on) : ioctl(s->fd, TUNSETCARRIER, &on)))
			continue;
		err_sys(&err, "wire: the carrier of the %s", actor_names[h]);
		wire_trouble(w, &err);
	}
}

void passage_cut(struct passage *p, uint64_t ns, int carrier)
{
	struct wire *w = p->wire;

	w->cut_until_ns = ns ? p->event->t_ns + ns : UINT64_MAX;
	w->cut_rule = p->event->segment.rule;
	w->carrier_off = carrier;
	if (carrier)
		set_carrier(w, 0);
	arm(w);
}

void wire_mend(struct wire *w)
{
	w->cut_until_ns = 0;
	if (w->carrier_off)
		set_carrier(w, 1);
	w->carrier_off = 0;
}
