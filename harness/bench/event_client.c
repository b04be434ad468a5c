/* SPDX-License-Identifier: BSD-2-Clause */
/* The client side of the engine `event`. */
#include "engine_event.h"
#include "pace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum step {
	STEP_SEND, /* connecting, or sending the request */
	STEP_RECV, /* receiving the response */
	STEP_EOF,  /* waiting for the server's FIN or RST */
};

struct flow {
	struct event ev;
	struct client *c;
	int fd;
	int answered;
	short waits; /* EV_READ, EV_WRITE, or 0 */
	enum step step;
	uint64_t due_ns, connected_ns;
	size_t moved;
	struct target target;
};

struct client {
	struct worker *w;
	struct pace pace;
	struct flow *flows;
	char *scratch;
};

static void advance(evutil_socket_t fd, short what, void *arg);

static void forget(struct flow *f)
{
	if (f->waits)
		event_del(&f->ev);
	f->waits = 0;
}

static void wait_for(struct client *c, struct flow *f, short what)
{
	if (f->waits == what)
		return;
	forget(f);
	event_assign(&f->ev, c->w->base, f->fd, what | EV_PERSIST, advance, f);
	event_add(&f->ev, NULL);
	f->waits = what;
}

static void failed(struct client *c, struct flow *f, enum bench_call call, int error)
{
	if (error == EADDRNOTAVAIL)
		worker_full(c->w, &f->target);
	worker_failed(c->w, call, error);
	forget(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	pace_ended(&c->pace, (uint32_t)(f - c->flows), 1);
}

static void done(struct client *c, struct flow *f)
{
	const struct bench_config *config = c->w->config;

	forget(f);
	if (config->closer == SIDE_CLIENT && config->how == HOW_RST)
		event_abort(f->fd);
	else
		close(f->fd);
	f->fd = -1;
	worker_done(c->w, clock_now_ns(), f->due_ns);
	pace_ended(&c->pace, (uint32_t)(f - c->flows), 0);
}

/* The response is here: ends the connection, or waits for the server to end it. */
static void after_response(struct client *c, struct flow *f)
{
	const struct bench_config *config = c->w->config;

	if (config->closer == SIDE_CLIENT && config->how != HOW_HALF) {
		done(c, f);
		return;
	}
	if (config->closer == SIDE_CLIENT && shutdown(f->fd, SHUT_WR)) {
		failed(c, f, CALL_CLOSE, errno);
		return;
	}
	f->step = STEP_EOF;
	f->moved = 0;
	wait_for(c, f, EV_READ);
}

/* The steps. Each leaves the flow waiting, or ended. */
static void step_send(struct client *c, struct flow *f)
{
	switch (event_send(f->fd, c->scratch, c->w->config->request, &f->moved)) {
	case DONE:
		break;
	case WAIT:
		wait_for(c, f, EV_WRITE);
		return;
	case ENDED:
	case BROKEN:
		failed(c, f, f->connected_ns ? CALL_SEND : CALL_CONNECT, errno);
		return;
	}
	if (!f->connected_ns) {
		f->connected_ns = clock_now_ns();
		histogram_add(&c->w->connect, f->connected_ns - f->due_ns);
	}
	f->step = STEP_RECV;
	f->moved = 0;
	wait_for(c, f, EV_READ); /* it never is there yet: spares the try */
}

static void step_recv(struct client *c, struct flow *f)
{
	size_t size = c->w->config->response;
	enum progress p = event_recv(f->fd, c->scratch, BENCH_SCRATCH, size, &f->moved);

	if (f->moved && !f->answered) {
		f->answered = 1;
		histogram_add(&c->w->first_byte, clock_now_ns() - f->due_ns);
	}
	switch (p) {
	case DONE:
		after_response(c, f);
		return;
	case WAIT:
		wait_for(c, f, EV_READ);
		return;
	case ENDED:
		failed(c, f, CALL_RECV, ENODATA);
		return;
	case BROKEN:
		failed(c, f, CALL_RECV, errno);
		return;
	}
}

static void step_eof(struct client *c, struct flow *f)
{
	switch (event_recv(f->fd, c->scratch, BENCH_SCRATCH, 1, &f->moved)) {
	case WAIT:
		wait_for(c, f, EV_READ);
		return;
	case ENDED:
		done(c, f);
		return;
	case BROKEN:
		if (errno == ECONNRESET && c->w->config->how == HOW_RST)
			done(c, f);
		else
			failed(c, f, CALL_RECV, errno);
		return;
	case DONE:
		failed(c, f, CALL_RECV, EPROTO);
		return;
	}
}

static void advance(evutil_socket_t fd, short what, void *arg)
{
	struct flow *f = arg;

	(void)fd;
	(void)what;
	switch (f->step) {
	case STEP_SEND:
		step_send(f->c, f);
		break;
	case STEP_RECV:
		step_recv(f->c, f);
		break;
	case STEP_EOF:
		step_eof(f->c, f);
		break;
	}
}

/* Opens the socket and begins to connect. -1 with the call that failed and errno. */
static int open_socket(struct client *c, struct flow *f, enum bench_call *ret_call)
{
	*ret_call = CALL_SOCKET;
	f->fd = socket(f->target.to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return -1;
	if (!targets_plain(&c->w->targets) &&
	        targets_prepare(&c->w->targets, &f->target, f->fd, ret_call))
		return -1;
	*ret_call = CALL_CONNECT;
	if (connect(f->fd, (const struct sockaddr *)f->target.to, f->target.len) &&
	        errno != EINPROGRESS)
		return -1;
	return 0;
}

static void begin(void *arg, uint32_t i, uint64_t due_ns)
{
	struct client *c = arg;
	struct flow *f = &c->flows[i];
	enum bench_call call;

	f->due_ns = due_ns;
	f->connected_ns = 0;
	f->moved = 0;
	f->answered = 0;
	f->step = STEP_SEND;
	live_add(&c->w->live.started);
	targets_next(&c->w->targets, &f->target);
	if (open_socket(c, f, &call))
		failed(c, f, call, errno);
	else
		step_send(c, f); /* on one machine the handshake is often over by now */
}

int event_client_open(struct worker *w, struct err *err)
{
	struct client *c = must(calloc(1, sizeof *c));

	w->state = c;
	c->w = w;
	c->scratch = must(calloc(1, BENCH_SCRATCH));
	c->flows = must(calloc(w->flows, sizeof *c->flows));
	for (unsigned i = 0; i < w->flows; i++) {
		c->flows[i].c = c;
		c->flows[i].fd = -1;
	}
	if (pace_open(&c->pace, w->base, w->flows, w->config->rate / w->pairs, begin, c))
		return err_set(err, ERR_LAB, "libevent gives no timer");
	c->pace.quota = w->quota;
	return 0;
}

void event_client_go(struct worker *w)
{
	struct client *c = w->state;

	pace_go(&c->pace, w->flows, (double)w->index / w->pairs);
}

void event_client_finish(struct worker *w)
{
	struct client *c = w->state;

	pace_finish(&c->pace);
}

static enum bench_stage stage(const struct flow *f)
{
	if (f->fd < 0)
		return STAGE_NONE;
	if (!f->connected_ns)
		return STAGE_CONNECT;
	return f->step == STEP_EOF ? STAGE_END : STAGE_TRANSFER;
}

void event_client_close(struct worker *w)
{
	struct client *c = w->state;

	if (!c)
		return;
	w->unserved = c->pace.unserved;
	for (unsigned i = 0; i < w->flows; i++) {
		worker_in_flight(w, stage(&c->flows[i]), c->flows[i].due_ns);
		forget(&c->flows[i]);
		if (c->flows[i].fd >= 0)
			close(c->flows[i].fd);
	}
	pace_close(&c->pace);
	free(c->flows);
	free(c->scratch);
	free(c);
	w->state = NULL;
}
