/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay itself: reads packets from one device, has each segment classified and put to the
 * rules, and writes it to the other. What is kept for later waits in two queues: one by the clock,
 * with a timerfd for the first of it, and one until it is released.
 */
#include "wire.h"

#include "core/clock.h"
#include "netns/fault.h"
#include "netns/pcapng.h"
#include "netns/wire_queue.h"
#include "netns/wire_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Packets from one side before the other has its turn. */
#define BATCH 64

struct side {
	struct wire *wire;
	enum host host;
	int fd;
	struct event *readable;
};

struct wire {
	struct wire_config c;
	struct side side[2];
	int timer_fd;
	struct event *timer;
	struct wire_queue later, held;
	struct flows flows;
	struct rules rules;
	struct pcapng *pcapng;
	struct wire_stats stats;
	uint8_t buffer[1 << 16];
};

static void trouble(struct wire *w, struct err *err)
{
	if (w->c.trouble)
		w->c.trouble(w->c.arg, err);
}

static const char *comment_for(const struct wire *w, const struct event *e, char *buf, size_t size)
{
	const struct ev_segment *s = &e->segment;
	const struct wire_rule *r = s->rule >= 0 ? w->rules.v[s->rule].rule : NULL;

	if (!r)
		return NULL;
	snprintf(buf, size, "%s: %s %u of connection %u%s; rule %d: %s",
	        segment_fate_names[s->fate], segment_role_names[s->role], s->ordinal, s->connection,
	        s->again ? " (again)" : "", s->rule + 1, r->text ? r->text : r->action);
	return buf;
}

static void capture(struct wire *w, const struct event *e, enum pcapng_direction direction,
        uint64_t t_ns, const uint8_t *bytes, size_t size)
{
	unsigned interface = direction == PCAPNG_INBOUND ? e->host : !e->host;
	char text[512];

	if (!w->pcapng)
		return;
	pcapng_name(w->pcapng, &e->tuple.local, actor_names[e->host]);
	pcapng_name(w->pcapng, &e->tuple.remote, actor_names[!e->host]);
	pcapng_packet(w->pcapng, interface, direction, t_ns, bytes, size,
	        comment_for(w, e, text, sizeof text));
}

static int write_packet(struct wire *w, enum host to, const uint8_t *bytes, size_t size)
{
	ssize_t n;

	do
		n = write(w->side[to].fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* A segment that the wire lets go. One that a rule changed or kept is captured as it leaves, too.
 */
static void deliver(struct wire *w, const struct event *e, const uint8_t *bytes, size_t size)
{
	struct err err;

	if (e->segment.fate != FATE_PASSED)
		capture(w, e, PCAPNG_OUTBOUND, clock_now_ns(), bytes, size);
	if (w->c.delivering)
		w->c.delivering(w->c.arg, e);
	if (write_packet(w, !e->host, bytes, size)) {
		err_sys(&err, "wire: writing to the %s", actor_names[!e->host]);
		trouble(w, &err);
		return;
	}
	if (w->c.delivered)
		w->c.delivered(w->c.arg, e);
}

static void arm(struct wire *w)
{
	struct itimerspec t = {0};
	struct err err;

	if (!w->later.first)
		return;
	t.it_value.tv_sec = (time_t)(w->later.first->due_ns / NS_PER_S);
	t.it_value.tv_nsec = (long)(w->later.first->due_ns % NS_PER_S);
	if (timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &t, NULL)) {
		err_sys(&err, "wire: setting its timer");
		trouble(w, &err);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;
	struct parcel *p;
	uint64_t expirations;

	(void)what;
	if (read(fd, &expirations, sizeof expirations) < 0)
		return; /* set anew in the meantime */
	while ((p = queue_take(&w->later, clock_now_ns()))) {
		deliver(w, &p->event, p->bytes, p->size);
		free(p);
	}
	arm(w);
}

void passage_send(struct passage *p)
{
	deliver(p->wire, p->event, p->seg->ip, p->seg->size);
}

void passage_send_after(struct passage *p, uint64_t ns)
{
	struct wire *w = p->wire;
	struct parcel *first = w->later.first;

	queue_put(&w->later, p->event->t_ns + ns, p->event, p->seg->ip, p->seg->size);
	if (w->later.first != first)
		arm(w);
}

void passage_hold(struct passage *p)
{
	queue_put(&p->wire->held, 0, p->event, p->seg->ip, p->seg->size);
}

unsigned wire_release(struct wire *w)
{
	struct wire_queue q = w->held;
	struct parcel *p;
	unsigned n = 0;

	w->held.first = NULL;
	for (; (p = queue_take(&q, UINT64_MAX)); n++) {
		deliver(w, &p->event, p->bytes, p->size);
		free(p);
	}
	return n;
}

static void on_segment(struct wire *w, enum host from, struct segment *s)
{
	struct event e = {.t_ns = clock_now_ns(),
	        .kind = EV_SEGMENT,
	        .source = SRC_WIRE,
	        .host = from,
	        .tuple = {.local = s->from, .remote = s->to}};
	struct passage p = {.wire = w, .seg = s, .event = &e};
	const struct fault *fault = NULL;

	p.flow = flow_segment(&w->flows, s, from, &e.segment);
	e.segment.number = ++w->stats.segments;
	e.segment.rule = rules_hit(&w->rules, &e, p.flow, &p.random);
	if (e.segment.rule >= 0) {
		p.rule = w->rules.v[e.segment.rule].rule;
		fault = w->rules.v[e.segment.rule].fault;
		e.segment.fate = fault->fate;
	}
	w->stats.dropped += e.segment.fate == FATE_DROPPED;
	w->stats.bytes += s->size;
	capture(w, &e, PCAPNG_INBOUND, e.t_ns, s->ip, s->size);
	if (w->c.arrived)
		w->c.arrived(w->c.arg, &e);
	if (!fault || fault->apply(&p) == PASSAGE_GOES_ON)
		passage_send(&p);
}

/* Neighbour discovery, ICMP, fragments: no business of the rules, and not worth an error. */
static void on_other(struct wire *w, enum host from, const uint8_t *bytes, size_t size)
{
	w->stats.not_tcp++;
	if (w->pcapng)
		pcapng_packet(w->pcapng, from, PCAPNG_INBOUND, clock_now_ns(), bytes, size, NULL);
	write_packet(w, !from, bytes, size);
}

static void stop_reading(struct side *s, ssize_t n)
{
	struct err err;

	event_del(s->readable);
	if (n < 0)
		err_sys(&err, "wire: reading from the %s", actor_names[s->host]);
	else
		err_set(&err, ERR_LAB, "wire: the device of the %s is gone", actor_names[s->host]);
	trouble(s->wire, &err);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct side *side = arg;
	struct wire *w = side->wire;
	struct segment s;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t n = read(fd, w->buffer, sizeof w->buffer);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			stop_reading(side, n);
			return;
		}
		if (segment_parse(w->buffer, (size_t)n, &s))
			on_other(w, side->host, w->buffer, (size_t)n);
		else
			on_segment(w, side->host, &s);
	}
}

static int watch(struct wire *w, struct err *err)
{
	for (int h = 0; h < 2; h++) {
		struct side *s = &w->side[h];

		s->readable = event_new(w->c.base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
		if (!s->readable || event_add(s->readable, NULL))
			return err_set(err, ERR_LAB, "wire: cannot watch a device");
	}
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->timer_fd < 0)
		return err_sys(err, "wire: making its timer");
	w->timer = event_new(w->c.base, w->timer_fd, EV_READ | EV_PERSIST, on_timer, w);
	if (!w->timer || event_add(w->timer, NULL))
		return err_set(err, ERR_LAB, "wire: cannot watch its timer");
	return 0;
}

struct wire *wire_new(const struct wire_config *c, struct err *err)
{
	struct wire *w = must(calloc(1, sizeof *w));

	w->c = *c;
	w->timer_fd = -1;
	for (int h = 0; h < 2; h++)
		w->side[h] = (struct side){.wire = w, .host = (enum host)h, .fd = c->fd[h]};
	flows_init(&w->flows, c->n_rules);
	if (rules_init(&w->rules, c->rules, c->n_rules, c->seed, err) || watch(w, err)) {
		wire_free(w);
		return NULL;
	}
	if (c->pcapng)
		w->pcapng = pcapng_new(c->pcapng, actor_names, 2);
	return w;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	for (int h = 0; h < 2; h++) {
		if (w->side[h].readable)
			event_free(w->side[h].readable);
		close(w->side[h].fd);
	}
	if (w->timer)
		event_free(w->timer);
	if (w->timer_fd >= 0)
		close(w->timer_fd);
	queue_clear(&w->later);
	queue_clear(&w->held);
	pcapng_free(w->pcapng);
	rules_free(&w->rules);
	flows_free(&w->flows);
	free(w);
}

struct wire_stats wire_stats(const struct wire *w)
{
	return w->stats;
}
