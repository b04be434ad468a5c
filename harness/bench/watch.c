/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include "observe/snmp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_side(struct watch *w, enum bench_side side, struct err *err)
{
	if (bench_lab_enter(w->lab, side, err))
		return -1;
	w->sockstat[side] = open("/proc/thread-self/net/sockstat", O_RDONLY | O_CLOEXEC);
	if (w->sockstat[side] < 0)
		return err_sys(err, "/proc/net/sockstat");
	w->sockstat6[side] = open("/proc/thread-self/net/sockstat6", O_RDONLY | O_CLOEXEC);
	w->diag[side] = sock_diag_open(err);
	return w->diag[side] ? 0 : -1;
}

int watch_open(struct watch *w, const struct bench_lab *lab, struct err *err)
{
	memset(w, 0, sizeof *w);
	w->lab = lab;
	w->sockstat[0] = w->sockstat[1] = w->sockstat6[0] = w->sockstat6[1] = -1;
	if (open_side(w, SIDE_CLIENT, err) || open_side(w, SIDE_SERVER, err))
		return -1;
	return bench_lab_leave(lab, err);
}

void watch_close(struct watch *w)
{
	for (int i = 0; i < 2; i++) {
		if (w->sockstat[i] >= 0)
			close(w->sockstat[i]);
		if (w->sockstat6[i] >= 0)
			close(w->sockstat6[i]);
		w->sockstat[i] = w->sockstat6[i] = -1;
		if (w->diag[i])
			sock_diag_close(w->diag[i]);
		w->diag[i] = NULL;
	}
}

/* The number behind a word of such a file; 0 when there is none. */
static uint64_t number_behind(int fd, const char *word)
{
	char text[1024];
	const char *at;
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = 0;
	at = strstr(text, word);
	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

uint64_t watch_time_wait(const struct watch *w, enum bench_side side)
{
	return number_behind(w->sockstat[side], " tw ");
}

uint64_t watch_sockets(const struct watch *w, enum bench_side side)
{
	return number_behind(w->sockstat[side], "TCP: inuse ") +
	       number_behind(w->sockstat6[side], "TCP6: inuse ");
}

static const struct {
	const char *name;
	size_t at;
} counters[] = {
#define COUNTER(name, field)                                                                       \
	{                                                                                          \
		name, offsetof(struct bench_counts, field)                                         \
	}
        COUNTER("Tcp.InSegs", in_segs),
        COUNTER("Tcp.OutSegs", out_segs),
        COUNTER("Tcp.RetransSegs", retrans),
        COUNTER("Tcp.OutRsts", out_rsts),
        COUNTER("Tcp.ActiveOpens", active_opens),
        COUNTER("Tcp.PassiveOpens", passive_opens),
        COUNTER("TcpExt.TW", tw),
        COUNTER("TcpExt.TWRecycled", tw_recycled),
        COUNTER("TcpExt.TWKilled", tw_killed),
        COUNTER("TcpExt.TCPTimeWaitOverflow", tw_overflow),
        COUNTER("TcpExt.ListenOverflows", listen_overflows),
        COUNTER("TcpExt.ListenDrops", listen_drops),
        COUNTER("TcpExt.TCPAbortOnData", abort_on_data),
        COUNTER("TcpExt.TCPAbortOnClose", abort_on_close),
        COUNTER("TcpExt.DelayedACKs", delayed_acks),
        COUNTER("TcpExt.PAWSActive", paws_active),
#undef COUNTER
};

static int count_side(
        const struct watch *w, enum bench_side side, struct bench_counts *ret, struct err *err)
{
	struct snmp *s;

	if (bench_lab_enter(w->lab, side, err))
		return -1;
	s = snmp_read(err);
	if (!s)
		return -1;
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		*(uint64_t *)(void *)((char *)ret + counters[i].at) =
		        (uint64_t)snmp_get(s, counters[i].name, NULL);
	snmp_free(s);
	ret->time_wait = watch_time_wait(w, side);
	return 0;
}

int watch_counts(const struct watch *w, struct bench_counts ret[2], struct err *err)
{
	if (count_side(w, SIDE_CLIENT, &ret[0], err) || count_side(w, SIDE_SERVER, &ret[1], err))
		return -1;
	return bench_lab_leave(w->lab, err);
}

struct tally {
	uint64_t established, other;
};

static void tally(void *arg, const struct sock_row *row)
{
	struct tally *t = arg;

	if (row->state == ST_ESTABLISHED)
		t->established++;
	else if (row->state != ST_LISTEN && row->state != ST_TIME_WAIT)
		t->other++;
}

int watch_states(struct watch *w, struct bench_sample *ret, struct err *err)
{
	for (int i = 0; i < 2; i++) {
		struct tally t = {0};

		if (sock_diag_dump(w->diag[i], ~0u, tally, &t, err))
			return -1;
		ret->established[i] = t.established;
		ret->other[i] = t.other;
	}
	return 0;
}

static int same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && !memcmp(a->addr, b->addr, sizeof a->addr);
}

static void held(void *arg, const struct sock_row *row)
{
	struct bench_full *f = arg;

	if (!same_address(&row->tuple.remote, &f->to) || row->tuple.remote.port != f->to.port)
		return;
	if (f->from.family && !same_address(&row->tuple.local, &f->from))
		return;
	f->ports_held++;
	f->held_time_wait += row->state == ST_TIME_WAIT;
}

int watch_full(struct watch *w, struct bench_full *f, struct err *err)
{
	f->ports_held = f->held_time_wait = 0;
	if (sock_diag_dump(w->diag[SIDE_CLIENT], ~0u & ~(1u << ST_LISTEN), held, f, err))
		return -1;
	f->counted = 1;
	return 0;
}
