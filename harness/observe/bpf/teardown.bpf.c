/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel does with the TCP sockets of the watched namespaces, one record each.
 *
 * Every program asks first whether anybody watches the socket's namespace. Where a function could
 * be traced directly (fentry) but some kernels refuse that, a tracepoint stands in:
 *
 *   a minisocket begins, moves, ends   timer_start, timer_cancel, timer_expire_entry of its timer
 *   a segment reaches a minisocket     kfree_skb, which names the receiving socket (6.11)
 *   connect() has chosen a port        the start of the retransmission timer of the SYN
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "observe/bpf_raw.h"

#include "observe/bpf/record.bpf.h"

#include "observe/bpf/minisocket.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RAW_MARKS);
	__type(key, __u32);
	__type(value, struct raw_mark);
} marks SEC(".maps");

#define ECONNABORTED 103 /* asm-generic/errno.h */

enum skb_drop_reason___full {
	SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full = 1,
};

/* ---- states ---- */

/*
 * Whether the process that runs now has caused this transition. Some only a system call can make.
 * CLOSE also comes by segments and timers, which leave their error in the socket first; and after
 * our FIN it comes without any. ECONNABORTED is the error of who destroys another's socket (ss -K).
 */
static __always_inline int caused_by_process(const struct sock *sk, int from, int to)
{
	switch (to) {
	case TCP_SYN_SENT:
	case TCP_LISTEN:
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		return 1;
	case TCP_CLOSE:
		if (sk->sk_err == ECONNABORTED)
			return 1;
		return (from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT || from == TCP_SYN_SENT ||
		               from == TCP_LISTEN) &&
		       sk->sk_err == 0;
	}
	return 0;
}

static __always_inline void record_state(
        struct target *t, void *ctx, struct sock *sk, __u64 cookie, int from, int to, int second)
{
	int by_process = caused_by_process(sk, from, to);
	struct record r;

	if (!begin(t, &r, RAW_STATE, sk->__sk_common.skc_family, by_process))
		return;
	r.e->cookie = cookie;
	r.e->from = from;
	r.e->to = to;
	r.e->extra = second;
	socket_tuple(&r, sk);
	if (by_process)
		add_process(ctx, &r);
	end(t, &r);
}

/* The socket's cookie, 0 when this transition is none of ours. */
static __always_inline __u64 state(void *ctx, struct sock *sk, int from, int to, int second)
{
	struct target t;
	__u64 cookie;

	/* The clone of a listener has neither its addresses nor its cookie yet. */
	if (from == TCP_LISTEN && to == TCP_SYN_RECV)
		return 0;
	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	t.count->entered[to & (RAW_STATES - 1)]++;
	cookie = sk->__sk_common.skc_cookie.counter;
	if (!cookie)
		cookie = bpf_get_socket_cookie(sk); /* makes it: the minisocket will copy it */
	if (!counts_only)
		record_state(&t, ctx, sk, cookie, from, to, second);
	return cookie;
}

/*
 * The kernel does not run a program inside itself: of the segments that a softirq handles while a
 * system call is in on_state, on this processor, it would see nothing. So there are two, one after
 * the other, and they can't both be interrupted. The first leaves a mark; the second records what
 * has no mark. A mark can be overwritten, seldom, by a socket with a like cookie: then the record
 * is there twice, and the second says so.
 */
static __always_inline struct raw_mark *mark_of(__u64 cookie)
{
	__u32 at = cookie % RAW_MARKS;

	return bpf_map_lookup_elem(&marks, &at);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int from, int to)
{
	__u64 cookie = state(ctx, sk, from, to, 0);
	volatile struct raw_mark *m = cookie ? mark_of(cookie) : 0;

	if (!m)
		return 0;
	m->cookie = cookie;
	m->change = (__u64)(from << 8 | to);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state_too, struct sock *sk, int from, int to)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;
	volatile struct raw_mark *m = cookie ? mark_of(cookie) : 0;

	if (m && m->cookie == cookie && m->change == (__u64)(from << 8 | to))
		m->cookie = 0;
	else
		state(ctx, sk, from, to, 1);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	struct record r;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	if (!begin(&t, &r, RAW_DESTROY, sk->__sk_common.skc_family, 0))
		return 0;
	r.e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	r.e->to = sk->__sk_common.skc_state;
	socket_tuple(&r, sk);
	end(&t, &r);
	return 0;
}

/* ---- segments that are thrown away ---- */

static __always_inline void listener_full(const struct sock *listener, const struct sk_buff *skb)
{
	struct record r;
	struct target t;

	if (counts_only || !find(&t, BPF_CORE_READ(listener, __sk_common.skc_net.net, net_cookie)))
		return;
	if (!begin(&t, &r, RAW_OVERFLOW, BPF_CORE_READ(listener, __sk_common.skc_family), 0))
		return;
	r.e->cookie = BPF_CORE_READ(listener, __sk_common.skc_cookie.counter);
	r.e->to = BPF_CORE_READ(listener, __sk_common.skc_state);
	r.e->flags = flags_of(skb);
	read_tuple(&r, &listener->__sk_common);
	end(&t, &r);
}

/* Every segment that a minisocket was given ends here, whatever came of it. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(on_discard, struct sk_buff *skb, void *location, int reason, struct sock *receiver)
{
	int at;

	if (!receiver)
		return 0;
	at = PEEK(receiver, struct sock, __sk_common.skc_state);
	if (at == TCP_TIME_WAIT)
		minisocket_segment((const struct inet_timewait_sock *)receiver, skb);
	else if (bpf_core_enum_value_exists(
	                 enum skb_drop_reason___full, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full) &&
	         reason == (int)bpf_core_enum_value(enum skb_drop_reason___full,
	                           SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full))
		listener_full(receiver, skb);
	return 0;
}

/* ---- retransmissions ---- */

static __always_inline int is_loss_probe(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = (const struct inet_connection_sock *)sk;

	/* ICSK_TIME_LOSS_PROBE is pending while it is sent, and nothing is known to be lost. */
	return BPF_CORE_READ(icsk, icsk_pending) == 5 &&
	       BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state) < 3;
}

static __always_inline int find_sender(struct target *t, const struct sock *sk)
{
	if (!find(t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	t->count->retransmits++;
	return !counts_only;
}

/* Newer kernels tell of attempts too that have sent nothing, with the error as a third argument. */
struct trace_event_raw_tcp_retransmit_skb___err {
	int err;
};

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = (const struct tcp_skb_cb *)&skb->cb[0];
	struct record r;
	struct target t;

	if (bpf_core_field_exists(struct trace_event_raw_tcp_retransmit_skb___err, err) &&
	        (int)ctx[2])
		return 0;
	if (!find_sender(&t, sk))
		return 0;
	if (!begin(&t, &r, RAW_RETRANSMIT, sk->__sk_common.skc_family, 0))
		return 0;
	r.e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	r.e->to = sk->__sk_common.skc_state;
	r.e->flags = BPF_CORE_READ(cb, tcp_flags);
	r.e->value = BPF_CORE_READ(cb, seq);
	r.e->length =
	        BPF_CORE_READ(cb, end_seq) - r.e->value - !!(r.e->flags & 1) - !!(r.e->flags & 2);
	r.e->extra = is_loss_probe(sk);
	socket_tuple(&r, sk);
	end(&t, &r);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_synack, struct sock *sk, struct request_sock *request)
{
	const struct tcp_request_sock *tcp = (const struct tcp_request_sock *)request;
	struct record r;
	struct target t;

	if (!find_sender(&t, sk))
		return 0;
	if (!begin(&t, &r, RAW_RETRANSMIT, BPF_CORE_READ(request, __req_common.skc_family), 0))
		return 0;
	r.e->cookie = BPF_CORE_READ(request, __req_common.skc_cookie.counter);
	r.e->to = TCP_NEW_SYN_RECV;
	r.e->flags = 0x12; /* SYN, ACK */
	r.e->value = BPF_CORE_READ(tcp, snt_isn);
	read_tuple(&r, &request->__req_common);
	end(&t, &r);
	return 0;
}

/* ---- resets ---- */

static __always_inline int find_resetter(
        struct target *t, const struct sock *sk, const struct sk_buff *skb)
{
	__u64 net;

	if (sk)
		net = BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
	else if (skb)
		net = BPF_CORE_READ(skb, dev, nd_net.net, net_cookie);
	else
		return 0;
	if (!find(t, net))
		return 0;
	t->count->resets_sent++;
	return !counts_only;
}

/* Of what may be a minisocket: each of these calls itself TIME_WAIT, FIN_WAIT_2 as well. */
static __always_inline __u8 state_of(const struct sock *sk)
{
	int state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (state == TCP_TIME_WAIT)
		return BPF_CORE_READ((const struct inet_timewait_sock *)sk, tw_substate);
	return state;
}

static __always_inline void reset_sent(
        const struct sock *sk, const struct sk_buff *skb, __u32 reason)
{
	struct record r;
	struct target t;
	__u16 family;

	if (!find_resetter(&t, sk, skb))
		return;
	family = skb ? family_of(skb) : BPF_CORE_READ(sk, __sk_common.skc_family);
	if (!begin(&t, &r, RAW_RESET_SENT, family, 0))
		return;
	r.e->value = reason;
	r.e->cookie = sk ? BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) : 0;
	r.e->to = sk ? state_of(sk) : 0;
	if (skb)
		answer_tuple(&r, skb);
	else
		closed_tuple(&r, sk);
	end(&t, &r);
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset_sent, struct sock *sk, struct sk_buff *skb, int reason)
{
	reset_sent(sk, skb, reason);
	return 0;
}

/* Kernels before 6.10 do not say why. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset_sent_plain, struct sock *sk, struct sk_buff *skb)
{
	reset_sent(sk, skb, ~0u);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset_received, struct sock *sk)
{
	struct record r;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	t.count->resets_received++;
	if (counts_only || !begin(&t, &r, RAW_RESET_RECEIVED, sk->__sk_common.skc_family, 0))
		return 0;
	r.e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	r.e->to = sk->__sk_common.skc_state;
	socket_tuple(&r, sk);
	end(&t, &r);
	return 0;
}
