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

#define AF_INET  2
#define AF_INET6 10

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile int counts_only = 0;
const volatile int stacks = 0;
const volatile int ports = 1; /* connections as they begin, to know their ports */

struct inner_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RAW_SLOTS);
	__type(key, __u32);
	__array(values, struct inner_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * RAW_SLOTS * RAW_HOSTS);
	__type(key, __u64);
	__type(value, struct raw_net);
} nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RAW_SLOTS *RAW_HOSTS);
	__type(key, __u32);
	__type(value, struct raw_counts);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RAW_SLOTS);
	__type(key, __u32);
	__type(value, struct raw_sleeper);
} sleepers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_nesting);
} nesting SEC(".maps");

extern const void tw_timer_handler __ksym __weak;
extern const void tcp_write_timer __ksym __weak;
extern const void reqsk_timer_handler __ksym __weak;

/* Kernels differ in where the retransmission timer lives. */
struct inet_connection_sock___in_icsk {
	struct timer_list icsk_retransmit_timer;
} __attribute__((preserve_access_index));
struct sock___in_sock {
	struct timer_list tcp_retransmit_timer;
} __attribute__((preserve_access_index));

enum skb_drop_reason___full {
	SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full = 1,
};

struct target {
	struct raw_net *net;
	struct raw_counts *count;
	__u64 cookie; /* of the namespace */
};

static __always_inline int find(struct target *t, __u64 netns_cookie)
{
	__u32 at;

	t->net = bpf_map_lookup_elem(&nets, &netns_cookie);
	if (!t->net)
		return 0;
	t->cookie = netns_cookie;
	at = t->net->slot * RAW_HOSTS + t->net->host;
	t->count = bpf_map_lookup_elem(&counts, &at);
	return t->count != 0;
}

static __always_inline struct raw_event *begin(struct target *t, __u8 kind)
{
	__u32 slot = t->net->slot;
	struct raw_event *e;
	void *ring;

	t->count->events++;
	ring = bpf_map_lookup_elem(&rings, &slot);
	if (!ring)
		return 0;
	if (stacks)
		e = bpf_ringbuf_reserve(ring, sizeof(struct raw_stacked), 0);
	else
		e = bpf_ringbuf_reserve(ring, sizeof(struct raw_event), 0);
	if (!e) {
		t->count->lost++;
		return 0;
	}
	e->t_ns = bpf_ktime_get_ns();
	e->net = (__u32)t->cookie;
	e->host = t->net->host;
	e->kind = kind;
	e->pid = e->tid = 0;
	e->value = e->length = 0;
	e->from = e->to = e->flags = e->extra = 0;
	e->command[0] = 0;
	if (stacks)
		((struct raw_stacked *)e)->bytes = 0;
	return e;
}

/* The record holds a verifier's reference: whoever began it must come here. */
static __always_inline void end(struct target *t, struct raw_event *e)
{
	__u32 slot = t->net->slot;
	struct raw_sleeper *s = bpf_map_lookup_elem(&sleepers, &slot);
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (s && s->asleep) {
		s->asleep = 0;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(e, flags);
}

static __always_inline void by_process(void *ctx, struct raw_event *e)
{
	__u64 id = bpf_get_current_pid_tgid();

	e->pid = id >> 32;
	e->tid = (__u32)id;
	bpf_get_current_comm(e->command, sizeof e->command);
	if (stacks) {
		struct raw_stacked *s = (struct raw_stacked *)e;

		s->bytes = bpf_get_stack(ctx, s->frame, sizeof s->frame, BPF_F_USER_STACK);
	}
}

/* From a pointer that the verifier does not know: every read by a helper. */
static __always_inline void read_tuple(struct raw_event *e, const struct sock_common *skc)
{
	e->family = BPF_CORE_READ(skc, skc_family);
	e->local_port = BPF_CORE_READ(skc, skc_num);
	e->remote_port = bpf_ntohs(BPF_CORE_READ(skc, skc_dport));
	if (e->family == AF_INET6) {
		BPF_CORE_READ_INTO(&e->local, skc, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&e->remote, skc, skc_v6_daddr);
	} else {
		*(__u32 *)e->local = BPF_CORE_READ(skc, skc_rcv_saddr);
		*(__u32 *)e->remote = BPF_CORE_READ(skc, skc_daddr);
	}
}

/* From a full socket. Its port is in inet_sport still when skc_num is 0 again, at CLOSE. */
static __always_inline void socket_tuple(struct raw_event *e, const struct sock *sk)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;

	e->family = sk->__sk_common.skc_family;
	e->local_port = sk->__sk_common.skc_num;
	if (!e->local_port)
		e->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	e->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (e->family == AF_INET6) {
		BPF_CORE_READ_INTO(&e->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&e->remote, sk, __sk_common.skc_v6_daddr);
	} else {
		*(__u32 *)e->local = sk->__sk_common.skc_rcv_saddr;
		*(__u32 *)e->remote = sk->__sk_common.skc_daddr;
	}
}

/* The same by a pointer that may be something else than a full socket. */
static __always_inline void closed_tuple(struct raw_event *e, const struct sock *sk)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;
	int state = BPF_CORE_READ(sk, __sk_common.skc_state);

	read_tuple(e, &sk->__sk_common);
	if (!e->local_port && state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV)
		e->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

/*
 * Whether the process that runs now has caused this transition. Some only a system call can make.
 * CLOSE also comes by segments and timers, which leave their error in the socket first; and after
 * our FIN it comes without any.
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
		return (from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT || from == TCP_SYN_SENT ||
		               from == TCP_LISTEN) &&
		       sk->sk_err == 0;
	}
	return 0;
}

static __always_inline int state(void *ctx, struct sock *sk, int from, int to)
{
	struct raw_event *e;
	struct target t;
	__u64 cookie;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	/* The clone of a listener has neither its addresses nor its cookie yet. */
	if (from == TCP_LISTEN && to == TCP_SYN_RECV)
		return 0;
	if (to >= 0 && to < 14)
		t.count->entered[to]++;
	cookie = sk->__sk_common.skc_cookie.counter;
	if (!cookie)
		cookie = bpf_get_socket_cookie(sk); /* makes it: the minisocket will copy it */
	if (counts_only)
		return 0;
	e = begin(&t, RAW_STATE);
	if (!e)
		return 0;
	e->cookie = cookie;
	e->from = from;
	e->to = to;
	socket_tuple(e, sk);
	if (caused_by_process(sk, from, to))
		by_process(ctx, e);
	end(&t, e);
	return 0;
}

/*
 * The kernel does not run a program inside itself: of segments that arrive while a system call is
 * in on_state, on this processor, it would see nothing. That is when the twin steps in.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int from, int to)
{
	__u32 zero = 0;
	struct raw_nesting *n = bpf_map_lookup_elem(&nesting, &zero);

	if (!n)
		return 0;
	*(volatile __u64 *)&n->inside = 1;
	state(ctx, sk, from, to);
	*(volatile __u64 *)&n->inside = 0;
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state_inside, struct sock *sk, int from, int to)
{
	__u32 zero = 0;
	struct raw_nesting *n = bpf_map_lookup_elem(&nesting, &zero);

	if (!n || !*(volatile __u64 *)&n->inside)
		return 0;
	n->rescued++;
	return state(ctx, sk, from, to);
}

/*
 * A timer that moves is taken off and put back, and one that expires is taken off first: only a
 * cancellation that neither follows is the end of the minisocket.
 */
static __always_inline void count_minisocket(
        struct raw_counts *count, const struct inet_timewait_sock *tw, __u8 kind)
{
	/* Not its address: the next minisocket may have the memory of the last one. */
	__u64 who = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter) | 1ull << 63;
	int again = count->cancelled == who;

	count->cancelled = kind == RAW_TW_CANCEL ? who : 0;
	if (kind == RAW_TW_CANCEL)
		count->cancels++;
	else if (kind == RAW_TW_EXPIRE)
		count->expired++;
	else if (again)
		count->rearms++;
	else
		count->minisockets++;
}

static __always_inline void minisocket(struct timer_list *timer, __u8 kind)
{
	struct inet_timewait_sock *tw;
	struct raw_event *e;
	struct target t;

	tw = (void *)timer - bpf_core_field_offset(struct inet_timewait_sock, tw_timer);
	if (!find(&t, BPF_CORE_READ(tw, __tw_common.skc_net.net, net_cookie)))
		return;
	count_minisocket(t.count, tw, kind);
	if (counts_only)
		return;
	e = begin(&t, kind);
	if (!e)
		return;
	e->cookie = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
	e->to = BPF_CORE_READ(tw, tw_substate);
	e->value = (__u32)(timer->expires - bpf_jiffies64());
	read_tuple(e, &tw->__tw_common);
	end(&t, e);
}

/* The SYN goes out, and with it starts the timer that would send it again. */
static __always_inline void syn_leaves(struct timer_list *timer)
{
	struct sock___in_sock *plain = 0;
	struct raw_event *e;
	struct target t;
	struct sock *sk;

	if (bpf_core_field_exists(plain->tcp_retransmit_timer))
		sk = (void *)timer -
		     bpf_core_field_offset(struct sock___in_sock, tcp_retransmit_timer);
	else
		sk = (void *)timer - bpf_core_field_offset(struct inet_connection_sock___in_icsk,
		                             icsk_retransmit_timer);
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_SYN_SENT)
		return;
	if (!find(&t, BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie)))
		return;
	if (BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_retransmits))
		return;
	e = begin(&t, RAW_PORT);
	if (!e)
		return;
	e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	read_tuple(e, &sk->__sk_common);
	end(&t, e);
}

/*
 * A SYN that a minisocket does not mind: the minisocket is taken away and, on the same processor
 * and next, the timer of the SYN-ACK starts. (Whether it was this four-tuple, the reader finds
 * out.)
 */
static __always_inline void synack_leaves(struct timer_list *timer)
{
	struct request_sock *request;
	struct raw_event *e;
	struct target t;

	request = (void *)timer - bpf_core_field_offset(struct request_sock, rsk_timer);
	if (!find(&t, BPF_CORE_READ(request, __req_common.skc_net.net, net_cookie)) ||
	        !t.count->cancelled)
		return;
	t.count->cancelled = 0;
	e = begin(&t, RAW_REUSE);
	if (!e)
		return;
	e->cookie = 0;
	read_tuple(e, &request->__req_common);
	end(&t, e);
}

SEC("tp_btf/timer_start")
int BPF_PROG(on_timer_start, struct timer_list *timer)
{
	const void *function = (const void *)timer->function;

	if (function == &tw_timer_handler)
		minisocket(timer, RAW_TW_START);
	else if (ports && function == &tcp_write_timer)
		syn_leaves(timer);
	else if (ports && function == &reqsk_timer_handler)
		synack_leaves(timer);
	return 0;
}

SEC("tp_btf/timer_cancel")
int BPF_PROG(on_timer_cancel, struct timer_list *timer)
{
	if ((void *)timer->function == (void *)&tw_timer_handler)
		minisocket(timer, RAW_TW_CANCEL);
	return 0;
}

SEC("tp_btf/timer_expire_entry")
int BPF_PROG(on_timer_expire, struct timer_list *timer)
{
	if ((void *)timer->function == (void *)&tw_timer_handler)
		minisocket(timer, RAW_TW_EXPIRE);
	return 0;
}

static __always_inline __u8 flags_of(const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	__u8 flags = 0;

	bpf_probe_read_kernel(&flags, 1, head + BPF_CORE_READ(skb, transport_header) + 13);
	return flags;
}

static __always_inline void minisocket_segment(
        const struct inet_timewait_sock *tw, const struct sk_buff *skb)
{
	struct raw_event *e;
	struct target t;

	if (counts_only || !find(&t, BPF_CORE_READ(tw, __tw_common.skc_net.net, net_cookie)))
		return;
	e = begin(&t, RAW_TW_SEGMENT);
	if (!e)
		return;
	e->cookie = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
	e->to = BPF_CORE_READ(tw, tw_substate);
	e->value = (__u32)(BPF_CORE_READ(tw, tw_timer.expires) - bpf_jiffies64());
	e->flags = flags_of(skb);
	read_tuple(e, &tw->__tw_common);
	end(&t, e);
}

static __always_inline void listener_full(const struct sock *listener, const struct sk_buff *skb)
{
	struct raw_event *e;
	struct target t;

	if (counts_only || !find(&t, BPF_CORE_READ(listener, __sk_common.skc_net.net, net_cookie)))
		return;
	e = begin(&t, RAW_OVERFLOW);
	if (!e)
		return;
	e->cookie = BPF_CORE_READ(listener, __sk_common.skc_cookie.counter);
	e->to = BPF_CORE_READ(listener, __sk_common.skc_state);
	e->flags = flags_of(skb);
	read_tuple(e, &listener->__sk_common);
	end(&t, e);
}

/* Every segment that a minisocket was given ends here, whatever came of it. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(on_discard, struct sk_buff *skb, void *location, int reason, struct sock *receiver)
{
	int state;

	if (!receiver)
		return 0;
	state = BPF_CORE_READ(receiver, __sk_common.skc_state);
	if (state == TCP_TIME_WAIT)
		minisocket_segment((const struct inet_timewait_sock *)receiver, skb);
	else if (bpf_core_enum_value_exists(
	                 enum skb_drop_reason___full, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full) &&
	         reason == (int)bpf_core_enum_value(enum skb_drop_reason___full,
	                           SKB_DROP_REASON_TCP_LISTEN_OVERFLOW___full))
		listener_full(receiver, skb);
	return 0;
}

/* The same by the function itself, for kernels whose kfree_skb does not name the receiver. */
SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(on_minisocket_segment, struct inet_timewait_sock *tw, struct sk_buff *skb)
{
	minisocket_segment(tw, skb);
	return 0;
}

static __always_inline int is_loss_probe(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = (const struct inet_connection_sock *)sk;

	/* ICSK_TIME_LOSS_PROBE is pending while it is sent, and nothing is known to be lost. */
	return BPF_CORE_READ(icsk, icsk_pending) == 5 &&
	       BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state) < 3;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb;
	struct raw_event *e;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	t.count->retransmits++;
	if (counts_only)
		return 0;
	e = begin(&t, RAW_RETRANSMIT);
	if (!e)
		return 0;
	cb = (const struct tcp_skb_cb *)&skb->cb[0];
	e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	e->to = sk->__sk_common.skc_state;
	e->flags = BPF_CORE_READ(cb, tcp_flags);
	e->value = BPF_CORE_READ(cb, seq);
	e->length = BPF_CORE_READ(cb, end_seq) - e->value - !!(e->flags & 1) - !!(e->flags & 2);
	e->extra = is_loss_probe(sk);
	socket_tuple(e, sk);
	end(&t, e);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_synack, struct sock *sk, struct request_sock *request)
{
	const struct tcp_request_sock *tcp = (const struct tcp_request_sock *)request;
	struct raw_event *e;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	t.count->retransmits++;
	if (counts_only)
		return 0;
	e = begin(&t, RAW_RETRANSMIT);
	if (!e)
		return 0;
	e->cookie = BPF_CORE_READ(request, __req_common.skc_cookie.counter);
	e->to = TCP_NEW_SYN_RECV;
	e->flags = 0x12; /* SYN, ACK */
	e->value = BPF_CORE_READ(tcp, snt_isn);
	read_tuple(e, &request->__req_common);
	end(&t, e);
	return 0;
}

/* The four-tuple of the answer to a segment: its addresses the other way round. */
static __always_inline void answer_tuple(struct raw_event *e, const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	const unsigned char *tcp = head + BPF_CORE_READ(skb, transport_header);
	__u16 ports[2] = {0, 0};
	__u8 version = 0;

	bpf_probe_read_kernel(&version, 1, ip);
	bpf_probe_read_kernel(ports, sizeof ports, tcp);
	e->remote_port = bpf_ntohs(ports[0]);
	e->local_port = bpf_ntohs(ports[1]);
	if (version >> 4 == 6) {
		e->family = AF_INET6;
		bpf_probe_read_kernel(e->remote, 16, ip + 8);
		bpf_probe_read_kernel(e->local, 16, ip + 24);
	} else {
		e->family = AF_INET;
		bpf_probe_read_kernel(e->remote, 4, ip + 12);
		bpf_probe_read_kernel(e->local, 4, ip + 16);
	}
}

static __always_inline void reset_sent(
        const struct sock *sk, const struct sk_buff *skb, __u32 reason)
{
	struct raw_event *e;
	struct target t;
	__u64 net;

	if (sk)
		net = BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
	else if (skb)
		net = BPF_CORE_READ(skb, dev, nd_net.net, net_cookie);
	else
		return;
	if (!find(&t, net))
		return;
	t.count->resets_sent++;
	if (counts_only)
		return;
	e = begin(&t, RAW_RESET_SENT);
	if (!e)
		return;
	e->value = reason;
	e->cookie = sk ? BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) : 0;
	e->to = sk ? BPF_CORE_READ(sk, __sk_common.skc_state) : 0;
	if (skb)
		answer_tuple(e, skb);
	else if (sk)
		closed_tuple(e, sk);
	end(&t, e);
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
	struct raw_event *e;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	t.count->resets_received++;
	if (counts_only)
		return 0;
	e = begin(&t, RAW_RESET_RECEIVED);
	if (!e)
		return 0;
	e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	e->to = sk->__sk_common.skc_state;
	socket_tuple(e, sk);
	end(&t, e);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	struct raw_event *e;
	struct target t;

	if (!find(&t, sk->__sk_common.skc_net.net->net_cookie))
		return 0;
	e = begin(&t, RAW_DESTROY);
	if (!e)
		return 0;
	e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	e->to = sk->__sk_common.skc_state;
	socket_tuple(e, sk);
	end(&t, e);
	return 0;
}
