/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the kernel, made by hand, to events: what the merge must make of each order of them.
 */
#include "observe/bpf_observer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HZ     250
#define MINUTE (60 * HZ)
#define JIFFY  4000000ull

struct fixture {
	struct bpf_merge *merge;
	struct event events[32];
	size_t n;
	uint64_t now_ns;
};

static bpf_reason reasons[BPF_REASONS] = {[5] = "tcp-abort-on-close"};

static void each(void *arg, const struct event *e)
{
	struct fixture *f = arg;

	assert_true(f->n < 32);
	f->events[f->n++] = *e;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	f.merge = bpf_merge_new(reasons, HZ, each, &f);
	f.now_ns = 1000000000;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bpf_merge_free(f->merge);
	return 0;
}

/* The next record of the socket with this cookie, a microsecond after the last one. */
static struct bpf_record record(struct fixture *f, enum raw_kind kind, uint64_t cookie)
{
	struct bpf_record raw = {.kind = kind, .cookie = cookie, .family = AF_INET};

	f->now_ns += 1000;
	raw.t_ns = f->now_ns;
	raw.local_port = 40000;
	raw.remote_port = 5000;
	inet_pton(AF_INET, "198.18.0.1", raw.local);
	inet_pton(AF_INET, "198.19.0.1", raw.remote);
	return raw;
}

static uint64_t state(struct fixture *f, uint64_t cookie, enum tcp_state from, enum tcp_state to)
{
	struct bpf_record raw = record(f, RAW_STATE, cookie);

	raw.from = (__u8)from;
	raw.to = (__u8)to;
	if (to == ST_SYN_SENT)
		raw.local_port = 0;
	bpf_merge_record(f->merge, &raw);
	return raw.t_ns;
}

static uint64_t timer(struct fixture *f, enum raw_kind kind, uint64_t cookie,
        enum tcp_state substate, uint32_t jiffies)
{
	struct bpf_record raw = record(f, kind, cookie);

	raw.to = (__u8)substate;
	raw.value = jiffies;
	bpf_merge_record(f->merge, &raw);
	return raw.t_ns;
}

static uint64_t segment(struct fixture *f, uint64_t cookie, enum tcp_state substate,
        uint32_t jiffies, unsigned flags)
{
	struct bpf_record raw = record(f, RAW_TW_SEGMENT, cookie);

	raw.to = (__u8)substate;
	raw.value = jiffies;
	raw.flags = (__u8)flags;
	bpf_merge_record(f->merge, &raw);
	return raw.t_ns;
}

static void other(struct fixture *f, enum raw_kind kind, uint64_t cookie)
{
	struct bpf_record raw = record(f, kind, cookie);

	bpf_merge_record(f->merge, &raw);
}

static void later(struct fixture *f, uint64_t ns)
{
	f->now_ns += ns;
	bpf_merge_settle(f->merge, f->now_ns);
}

static void saw_state(
        struct fixture *f, size_t i, enum tcp_state from, enum tcp_state to, uint64_t t_ns)
{
	assert_true(i < f->n);
	assert_int_equal(f->events[i].kind, EV_STATE);
	assert_int_equal(f->events[i].source, SRC_BPF);
	assert_string_equal(tcp_state_name(f->events[i].state.from), tcp_state_name(from));
	assert_string_equal(tcp_state_name(f->events[i].state.to), tcp_state_name(to));
	assert_int_equal(f->events[i].t_ns, t_ns);
	assert_int_equal(f->events[i].state.since_ns, t_ns);
}

static void saw_deed(struct fixture *f, size_t i, enum kernel_deed deed)
{
	assert_true(i < f->n);
	assert_int_equal(f->events[i].kind, EV_KERNEL);
	assert_string_equal(kernel_deed_names[f->events[i].kernel.deed], kernel_deed_names[deed]);
}

/* A socket in TIME_WAIT, with what led there put out of the way. */
static void to_time_wait(struct fixture *f, uint64_t cookie)
{
	timer(f, RAW_TW_START, cookie, ST_TIME_WAIT, MINUTE);
	state(f, cookie, ST_FIN_WAIT_2, ST_CLOSE);
	later(f, 10000000);
	f->n = 0;
}

static void connect_has_its_port(void **s)
{
	struct fixture *f = *s;
	uint64_t sent = state(f, 7, ST_CLOSE, ST_SYN_SENT), established;

	assert_int_equal(f->n, 0);
	other(f, RAW_PORT, 7);
	saw_state(f, 0, ST_NONE, ST_SYN_SENT, sent);
	assert_int_equal(f->events[0].tuple.local.port, 40000);
	established = state(f, 7, ST_SYN_SENT, ST_ESTABLISHED);
	saw_state(f, 1, ST_SYN_SENT, ST_ESTABLISHED, established);
	assert_int_equal(f->n, 2);
}

static void connect_without_a_port(void **s)
{
	struct fixture *f = *s;
	struct bpf_record closed;
	uint64_t sent = state(f, 7, ST_CLOSE, ST_SYN_SENT);

	closed = record(f, RAW_STATE, 7);
	closed.from = ST_SYN_SENT;
	closed.to = ST_CLOSE;
	closed.local_port = 0;
	bpf_merge_record(f->merge, &closed);
	saw_state(f, 0, ST_NONE, ST_SYN_SENT, sent);
	saw_state(f, 1, ST_SYN_SENT, ST_CLOSE, closed.t_ns);
	assert_int_equal(f->events[0].tuple.local.port, 0);
}

static void connect_settles(void **s)
{
	struct fixture *f = *s;

	state(f, 7, ST_CLOSE, ST_SYN_SENT);
	later(f, 100000);
	assert_int_equal(f->n, 0);
	later(f, 10000000);
	assert_int_equal(f->n, 1);
}

static void time_wait_from_fin_wait_2(void **s)
{
	struct fixture *f = *s;
	uint64_t start = timer(f, RAW_TW_START, 7, ST_TIME_WAIT, MINUTE), end;

	state(f, 7, ST_FIN_WAIT_2, ST_CLOSE);
	saw_state(f, 0, ST_FIN_WAIT_2, ST_TIME_WAIT, start);
	saw_deed(f, 1, KERNEL_MINISOCKET);
	assert_int_equal(f->events[1].kernel.timer_ns, MINUTE * JIFFY);
	later(f, 60000000000);
	timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, 0);
	end = timer(f, RAW_TW_EXPIRE, 7, ST_TIME_WAIT, 0);
	saw_deed(f, 2, KERNEL_EXPIRE);
	saw_state(f, 3, ST_TIME_WAIT, ST_CLOSE, end);
	later(f, 10000000);
	assert_int_equal(f->n, 4);
	assert_int_equal(bpf_merge_strangers(f->merge), 0);
}

static void time_wait_from_closing(void **s)
{
	struct fixture *f = *s;
	uint64_t start = timer(f, RAW_TW_START, 7, ST_TIME_WAIT, MINUTE);

	state(f, 7, ST_CLOSING, ST_CLOSE);
	saw_state(f, 0, ST_CLOSING, ST_TIME_WAIT, start);
	assert_int_equal(f->n, 2);
}

static void time_wait_when_close_is_lost(void **s)
{
	struct fixture *f = *s;
	uint64_t start = timer(f, RAW_TW_START, 7, ST_TIME_WAIT, MINUTE);

	later(f, 10000000);
	saw_state(f, 0, ST_FIN_WAIT_2, ST_TIME_WAIT, start);
	assert_int_equal(f->n, 2);
}

static void no_bucket_left(void **s)
{
	struct fixture *f = *s;
	uint64_t t = state(f, 7, ST_FIN_WAIT_2, ST_CLOSE);

	saw_state(f, 0, ST_FIN_WAIT_2, ST_CLOSE, t);
	assert_int_equal(f->n, 1);
}

/* The FIN comes soon after, and the timer stays in its bucket: nothing tells but the segment. */
static void orphan_fin_wait_2_to_time_wait(void **s)
{
	struct fixture *f = *s;
	uint64_t fin;

	timer(f, RAW_TW_START, 7, ST_FIN_WAIT_2, MINUTE);
	state(f, 7, ST_FIN_WAIT_2, ST_CLOSE);
	saw_deed(f, 0, KERNEL_MINISOCKET);
	fin = segment(f, 7, ST_TIME_WAIT, MINUTE, SEG_FIN | SEG_ACK);
	saw_state(f, 1, ST_FIN_WAIT_2, ST_TIME_WAIT, fin);
	assert_int_equal(f->n, 2);
}

static void orphan_fin_wait_2_expires(void **s)
{
	struct fixture *f = *s;
	uint64_t end;

	timer(f, RAW_TW_START, 7, ST_FIN_WAIT_2, HZ);
	state(f, 7, ST_FIN_WAIT_2, ST_CLOSE);
	f->now_ns += 1000000000;
	timer(f, RAW_TW_CANCEL, 7, ST_FIN_WAIT_2, 0);
	end = timer(f, RAW_TW_EXPIRE, 7, ST_FIN_WAIT_2, 0);
	saw_deed(f, 1, KERNEL_EXPIRE);
	saw_state(f, 2, ST_FIN_WAIT_2, ST_CLOSE, end);
}

static void rearm_to_another_bucket(void **s)
{
	struct fixture *f = *s;

	to_time_wait(f, 7);
	later(f, 30000000000);
	timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE / 2);
	timer(f, RAW_TW_START, 7, ST_TIME_WAIT, MINUTE);
	segment(f, 7, ST_TIME_WAIT, MINUTE, SEG_ACK);
	later(f, 10000000);
	saw_deed(f, 0, KERNEL_REARM);
	assert_int_equal(f->n, 1);
}

static void rearm_in_its_bucket(void **s)
{
	struct fixture *f = *s;

	to_time_wait(f, 7);
	later(f, 500000000);
	segment(f, 7, ST_TIME_WAIT, MINUTE, SEG_ACK);
	saw_deed(f, 0, KERNEL_REARM);
	segment(f, 7, ST_TIME_WAIT, MINUTE, SEG_ACK); /* a microsecond later: nothing new */
	assert_int_equal(f->n, 1);
}

static void killed_by_a_segment(void **s)
{
	struct fixture *f = *s;
	uint64_t t;

	to_time_wait(f, 7);
	t = timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE);
	segment(f, 7, ST_TIME_WAIT, MINUTE, SEG_RST);
	saw_deed(f, 0, KERNEL_KILL);
	assert_int_equal(f->events[0].kernel.flags, SEG_RST);
	saw_state(f, 1, ST_TIME_WAIT, ST_CLOSE, t);
	later(f, 10000000);
	assert_int_equal(f->n, 2);
}

static void killed_by_nobody_knows(void **s)
{
	struct fixture *f = *s;

	to_time_wait(f, 7);
	timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE);
	assert_int_equal(f->n, 0);
	later(f, 10000000);
	saw_deed(f, 0, KERNEL_KILL);
	assert_int_equal(f->n, 2);
}

static void reused_by_a_syn(void **s)
{
	struct fixture *f = *s;

	to_time_wait(f, 7);
	timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE);
	other(f, RAW_REUSE, 0);
	saw_deed(f, 0, KERNEL_REUSE);
	later(f, 10000000);
	assert_int_equal(f->n, 2);
}

static void reused_by_connect(void **s)
{
	struct fixture *f = *s;
	uint64_t sent, gone;

	to_time_wait(f, 7);
	sent = state(f, 8, ST_CLOSE, ST_SYN_SENT);
	gone = timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE);
	other(f, RAW_PORT, 8);
	saw_deed(f, 0, KERNEL_REUSE);
	saw_state(f, 1, ST_TIME_WAIT, ST_CLOSE, gone);
	saw_state(f, 2, ST_NONE, ST_SYN_SENT, sent);
	assert_int_equal(f->n, 3);
}

static void another_four_tuple_is_no_reuse(void **s)
{
	struct fixture *f = *s;
	struct bpf_record syn;

	to_time_wait(f, 7);
	timer(f, RAW_TW_CANCEL, 7, ST_TIME_WAIT, MINUTE);
	syn = record(f, RAW_REUSE, 0);
	syn.remote_port = 5001;
	bpf_merge_record(f->merge, &syn);
	later(f, 10000000);
	saw_deed(f, 0, KERNEL_KILL);
}

/* A socket can be connected again while its minisocket lives: same cookie, two lives. */
static void connected_again(void **s)
{
	struct fixture *f = *s;
	uint64_t sent, closed;

	to_time_wait(f, 7);
	sent = state(f, 7, ST_CLOSE, ST_SYN_SENT);
	closed = state(f, 7, ST_SYN_SENT, ST_CLOSE);
	saw_state(f, 0, ST_NONE, ST_SYN_SENT, sent);
	saw_state(f, 1, ST_SYN_SENT, ST_CLOSE, closed);
}

/* From before anybody watched, without a cookie. */
static void old_minisocket(void **s)
{
	struct fixture *f = *s;
	uint64_t end;

	timer(f, RAW_TW_CANCEL, 0, ST_TIME_WAIT, 0);
	end = timer(f, RAW_TW_EXPIRE, 0, ST_TIME_WAIT, 0);
	saw_deed(f, 0, KERNEL_EXPIRE);
	saw_state(f, 1, ST_TIME_WAIT, ST_CLOSE, end);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->events[0].cookie, 0);
	assert_int_equal(bpf_merge_strangers(f->merge), 1);
}

static void mapped_address(void **s)
{
	struct fixture *f = *s;
	struct bpf_record raw = record(f, RAW_STATE, 7);

	raw.from = ST_ESTABLISHED;
	raw.to = ST_CLOSE_WAIT;
	raw.family = AF_INET6;
	inet_pton(AF_INET6, "::ffff:198.19.0.1", raw.local);
	inet_pton(AF_INET6, "2001:2::1", raw.remote);
	bpf_merge_record(f->merge, &raw);
	assert_int_equal(f->events[0].tuple.local.family, AF_INET);
	assert_int_equal(f->events[0].tuple.local.addr[0], 198);
	assert_int_equal(f->events[0].tuple.remote.family, AF_INET6);
}

static void reset_has_its_reason(void **s)
{
	struct fixture *f = *s;
	struct bpf_record raw = record(f, RAW_RESET_SENT, 7);

	raw.value = 5;
	bpf_merge_record(f->merge, &raw);
	raw.value = ~0u;
	bpf_merge_record(f->merge, &raw);
	saw_deed(f, 0, KERNEL_RESET_SENT);
	assert_string_equal(f->events[0].kernel.reason, "tcp-abort-on-close");
	assert_string_equal(f->events[1].kernel.reason, "");
}

static void many_keep_their_order(void **s)
{
	struct fixture *f = *s;

	for (uint64_t i = 1; i <= 100000; i++) {
		state(f, i, ST_CLOSE, ST_SYN_SENT);
		other(f, RAW_PORT, i);
		timer(f, RAW_TW_START, i, ST_TIME_WAIT, MINUTE);
		state(f, i, ST_FIN_WAIT_2, ST_CLOSE);
		timer(f, RAW_TW_CANCEL, i, ST_TIME_WAIT, 0);
		timer(f, RAW_TW_EXPIRE, i, ST_TIME_WAIT, 0);
		assert_int_equal(f->n, 5);
		f->n = 0;
		if (i % 100 == 0)
			later(f, 10000000);
	}
	assert_int_equal(f->n, 0);
}

/* The CLOSE of the full socket comes last, when the minisocket is gone: it is no second end. */
static void killed_before_its_close(void **s)
{
	struct fixture *f = *s;
	uint64_t end;

	timer(f, RAW_TW_START, 1, ST_FIN_WAIT_2, MINUTE);
	end = timer(f, RAW_TW_CANCEL, 1, ST_FIN_WAIT_2, MINUTE);
	segment(f, 1, ST_FIN_WAIT_2, MINUTE, SEG_RST);
	state(f, 1, ST_FIN_WAIT_1, ST_CLOSE);
	later(f, 10000000);
	saw_deed(f, 0, KERNEL_MINISOCKET);
	saw_deed(f, 1, KERNEL_KILL);
	saw_state(f, 2, ST_FIN_WAIT_2, ST_CLOSE, end);
	assert_int_equal(f->n, 3);
}

/* ---- brief ---- */

static void brief_forgets(void **s)
{
	struct fixture *f = *s;

	bpf_merge_brief(f->merge);
	to_time_wait(f, 1);
	timer(f, RAW_TW_EXPIRE, 1, ST_TIME_WAIT, 0);
	saw_deed(f, 0, KERNEL_EXPIRE);
	saw_state(f, 1, ST_TIME_WAIT, ST_CLOSE, f->now_ns);
}

/* A FIN reaches the minisocket before the full socket has closed, on another CPU. */
static void brief_moves_before_its_close(void **s)
{
	struct fixture *f = *s;
	uint64_t moved;

	bpf_merge_brief(f->merge);
	timer(f, RAW_TW_START, 1, ST_FIN_WAIT_2, MINUTE);
	moved = segment(f, 1, ST_TIME_WAIT, MINUTE, SEG_FIN | SEG_ACK);
	state(f, 1, ST_FIN_WAIT_1, ST_CLOSE);
	later(f, 10000000);
	saw_deed(f, 0, KERNEL_MINISOCKET);
	saw_state(f, 1, ST_FIN_WAIT_2, ST_TIME_WAIT, moved);
	for (size_t i = 2; i < f->n; i++)
		assert_int_equal(f->events[i].kind, EV_KERNEL);
}

static void brief_started_twice_before_its_close(void **s)
{
	struct fixture *f = *s;
	uint64_t again;

	bpf_merge_brief(f->merge);
	timer(f, RAW_TW_START, 1, ST_FIN_WAIT_2, MINUTE);
	again = timer(f, RAW_TW_START, 1, ST_TIME_WAIT, MINUTE);
	state(f, 1, ST_FIN_WAIT_1, ST_CLOSE);
	later(f, 10000000);
	saw_state(f, 1, ST_FIN_WAIT_2, ST_TIME_WAIT, again);
}

static void brief_killed_before_its_close(void **s)
{
	struct fixture *f = *s;

	bpf_merge_brief(f->merge);
	killed_before_its_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        T(connect_has_its_port),
	        T(connect_without_a_port),
	        T(connect_settles),
	        T(time_wait_from_fin_wait_2),
	        T(time_wait_from_closing),
	        T(time_wait_when_close_is_lost),
	        T(no_bucket_left),
	        T(orphan_fin_wait_2_to_time_wait),
	        T(orphan_fin_wait_2_expires),
	        T(rearm_to_another_bucket),
	        T(rearm_in_its_bucket),
	        T(killed_by_a_segment),
	        T(killed_by_nobody_knows),
	        T(reused_by_a_syn),
	        T(reused_by_connect),
	        T(another_four_tuple_is_no_reuse),
	        T(connected_again),
	        T(old_minisocket),
	        T(mapped_address),
	        T(reset_has_its_reason),
	        T(many_keep_their_order),
	        T(killed_before_its_close),
	        T(brief_forgets),
	        T(brief_moves_before_its_close),
	        T(brief_started_twice_before_its_close),
	        T(brief_killed_before_its_close),
	};

	return cmocka_run_group_tests_name("bpf_merge", tests, NULL, NULL);
}
