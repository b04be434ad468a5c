/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay itself: reads packets from one device, has each segment classified and put to the
 * rules, and has it delivered to the other, or whatever the fault of a rule does instead.
 */
#include "wire_internal.h"

#include "core/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Packets from one side before the other has its turn. */
#define BATCH 64

void wire_trouble(struct wire *w, struct err *err)
{
	if (w->c.trouble)
		w->c.trouble(w->c.arg, err);
}

/* Decides the fate, but does not carry it out. Returns the fault, if there is one to call. */
static const struct fault *judge(struct wire *w, struct passage *p)
{
	struct ev_segment *s = &p->event->segment;
	struct rule_state *r;

	s->rule = -1;
	if (w->cut_until_ns) {
		s->rule = w->cut_rule;
		s->fate = FATE_DROPPED;
		return NULL;
	}
	s->rule = rules_hit(&w->rules, p->event, p->flow, &p->random);
	if (s->rule < 0)
		return NULL;
	r = &w->rules.v[s->rule];
	s->fate = r->fate;
	p->rule = r->rule;
	p->memory = &r->memory[p->event->host];
	return r->fault;
}

static void note_waited(struct wire *w, uint64_t ns)
{
	if (ns > w->stats.waited_ns)
		w->stats.waited_ns = ns;
}

static void on_segment(struct wire *w, enum host from, struct segment *s)
{
	struct event e = {.t_ns = clock_now_ns(),
	        .kind = EV_SEGMENT,
	        .source = SRC_WIRE,
	        .host = from,
	        .tuple = {.local = s->from, .remote = s->to}};
	struct passage p = {.wire = w, .seg = s, .event = &e};
	const struct fault *fault;

	p.flow = flow_segment(&w->flows, s, from, e.t_ns, &e.segment);
	e.segment.number = ++w->stats.segments;
	fault = judge(w, &p);
	w->stats.dropped += e.segment.fate == FATE_DROPPED;
	w->stats.bytes += s->size;
	note_waited(w, flow_waited_ns(p.flow, &e.segment, from, e.t_ns));
	wire_capture(w, &e, PCAPNG_INBOUND, e.t_ns, s->ip, s->size);
	if (w->c.arrived)
		w->c.arrived(w->c.arg, &e);
	if (fault ? fault->apply(&p) == PASSAGE_GOES_ON : e.segment.fate == FATE_PASSED)
		passage_send(&p);
}

/* Neighbour discovery, ICMP, fragments: no business of the rules, and not worth an error. */
static void on_other(struct wire *w, enum host from, const uint8_t *bytes, size_t size)
{
	w->stats.not_tcp++;
	if (w->pcapng)
		pcapng_packet(w->pcapng, from, PCAPNG_INBOUND, clock_now_ns(), bytes, size, NULL);
	if (!w->cut_until_ns)
		wire_write(w, !from, bytes, size);
}

static void stop_reading(struct side *s, ssize_t n)
{
	struct err err;

	event_del(s->readable);
	errno = (int)-n;
	if (n < 0)
		err_sys(&err, "wire: reading from the %s", actor_names[s->host]);
	else
		err_set(&err, ERR_LAB, "wire: the device of the %s is gone", actor_names[s->host]);
	wire_trouble(s->wire, &err);
}

/* What a read gave: `n` bytes or, below 0, errno. Returns whether there may be more. */
static int on_read(struct side *side, uint8_t *bytes, ssize_t n)
{
	struct wire *w = side->wire;
	struct segment s;

	if (n == -EINTR)
		return 1;
	if (n == -EAGAIN || (n == -ENETDOWN && w->carrier_off))
		return 0;
	if (n <= 0) {
		stop_reading(side, n);
		return 0;
	}
	if (segment_parse(bytes, (size_t)n, &s))
		on_other(w, side->host, bytes, (size_t)n);
	else
		on_segment(w, side->host, &s);
	return 1;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct side *side = arg;
	struct wire *w = side->wire;
	ssize_t n;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		n = read(fd, w->buffer, sizeof w->buffer);
		if (!on_read(side, w->buffer, n < 0 ? -errno : n))
			return;
	}
}

/*
 * The same in batches. A read that finds nothing costs little, but not nothing: the next batch asks
 * for twice as many when all found something, and for what was found and one more when not.
 */
static void on_readable_batch(evutil_socket_t fd, short what, void *arg)
{
	struct side *side = arg;
	struct wire *w = side->wire;
	struct batch_packet p[BATCH_MOST];
	unsigned n = side->at_once, found = 0;

	(void)what;
	if (!n) {
		on_readable(fd, what, arg);
		return;
	}
	n = batch_read(w->batch, fd, p, n);
	if (p[0].size == -EOPNOTSUPP) {
		side->at_once = 0; /* one by one from now on; it is still readable */
		return;
	}
	for (unsigned i = 0; i < n; i++)
		found += (unsigned)on_read(side, p[i].bytes, p[i].size);
	wire_flush(w);
	if (found == n)
		side->at_once = 2 * n < BATCH_MOST ? 2 * n : BATCH_MOST;
	else
		side->at_once = found + 1;
}

void wire_rule_set(struct wire *w, size_t rule, int on)
{
	w->rules.v[rule].off = !on;
	if (!on && w->cut_until_ns && w->cut_rule == (int)rule)
		wire_mend(w);
}

/* Batches keep neither the addresses of packet sockets nor the moments around each write. */
static int may_batch(const struct wire *w)
{
	return !w->c.delivering && !w->c.delivered && !w->side[0].ifindex && !w->side[1].ifindex;
}

static int watch(struct wire *w, struct err *err)
{
	for (int h = 0; h < 2; h++)
		wire_side_init(&w->side[h]);
	if (may_batch(w))
		w->batch = batch_new();
	for (int h = 0; h < 2; h++) {
		struct side *s = &w->side[h];

		s->at_once = 2;
		s->readable = event_new(w->c.base, s->fd, EV_READ | EV_PERSIST,
		        w->batch ? on_readable_batch : on_readable, s);
		if (!s->readable || event_add(s->readable, NULL))
			return err_set(err, ERR_LAB, "wire: cannot watch a device");
	}
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->timer_fd < 0)
		return err_sys(err, "wire: making its timer");
	w->timer = event_new(w->c.base, w->timer_fd, EV_READ | EV_PERSIST, wire_on_timer, w);
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
	if (rules_init(&w->rules, c->rules, c->n_rules, c->seed, clock_now_ns(), err) ||
	        watch(w, err)) {
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
	queue_clear(&w->behind);
	batch_free(w->batch);
	pcapng_free(w->pcapng);
	rules_free(&w->rules);
	flows_free(&w->flows);
	free(w);
}

struct wire_stats wire_stats(const struct wire *w)
{
	return w->stats;
}
