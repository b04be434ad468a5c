/* SPDX-License-Identifier: BSD-2-Clause */
/* What timers tell: a minisocket begins, moves, ends; and a SYN or a SYN-ACK leaves. */
#ifndef LASTACK_MINISOCKET_BPF_H
#define LASTACK_MINISOCKET_BPF_H

const volatile int ports = 1; /* connections as they begin, to know their ports */

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

/*
 * A timer that moves is taken off and put back, and one that expires is taken off first: only a
 * cancellation that neither follows is the end of the minisocket.
 */
static __always_inline void count_minisocket(struct raw_counts *count, __u64 cookie, __u8 kind)
{
	/* Not its address: the next minisocket may have the memory of the last one. */
	__u64 who = cookie | 1ull << 63;
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
	const struct net *net;
	struct record r;
	struct target t;
	__u64 cookie;

	tw = (void *)timer - bpf_core_field_offset(struct inet_timewait_sock, tw_timer);
	net = PEEK(tw, struct inet_timewait_sock, __tw_common.skc_net.net);
	if (!find(&t, PEEK(net, struct net, net_cookie)))
		return;
	cookie = PEEK(tw, struct inet_timewait_sock, __tw_common.skc_cookie.counter);
	count_minisocket(t.count, cookie, kind);
	if (counts_only || !begin(&t, &r, kind,
	                           PEEK(tw, struct inet_timewait_sock, __tw_common.skc_family), 0))
		return;
	r.e->cookie = cookie;
	r.e->to = PEEK(tw, struct inet_timewait_sock, tw_substate);
	r.e->value = (__u32)(timer->expires - bpf_jiffies64());
	read_tuple(&r, &tw->__tw_common);
	end(&t, &r);
}

/* The SYN goes out, and with it starts the timer that would send it again. */
static __always_inline void syn_leaves(struct timer_list *timer)
{
	struct sock___in_sock *plain = 0;
	struct record r;
	struct target t;
	struct sock *sk;

	if (bpf_core_field_exists(plain->tcp_retransmit_timer))
		sk = (void *)timer -
		     bpf_core_field_offset(struct sock___in_sock, tcp_retransmit_timer);
	else
		sk = (void *)timer - bpf_core_field_offset(struct inet_connection_sock___in_icsk,
		                             icsk_retransmit_timer);
	if (PEEK(sk, struct sock, __sk_common.skc_state) != TCP_SYN_SENT)
		return;
	if (!find(&t, BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie)))
		return;
	if (BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_retransmits))
		return;
	if (!begin(&t, &r, RAW_PORT, BPF_CORE_READ(sk, __sk_common.skc_family), 0))
		return;
	r.e->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	read_tuple(&r, &sk->__sk_common);
	end(&t, &r);
}

/*
 * A SYN that a minisocket does not mind: the minisocket is taken away and, on the same processor
 * and next, the timer of the SYN-ACK starts. (Whether it was this four-tuple, the reader finds
 * out.)
 */
static __always_inline void synack_leaves(struct timer_list *timer)
{
	struct request_sock *request;
	struct record r;
	struct target t;

	request = (void *)timer - bpf_core_field_offset(struct request_sock, rsk_timer);
	if (!find(&t, BPF_CORE_READ(request, __req_common.skc_net.net, net_cookie)) ||
	        !t.count->cancelled)
		return;
	t.count->cancelled = 0;
	if (!begin(&t, &r, RAW_REUSE, BPF_CORE_READ(request, __req_common.skc_family), 0))
		return;
	r.e->cookie = 0;
	read_tuple(&r, &request->__req_common);
	end(&t, &r);
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

static __always_inline void minisocket_segment(
        const struct inet_timewait_sock *tw, const struct sk_buff *skb)
{
	struct record r;
	struct target t;

	if (counts_only || !find(&t, BPF_CORE_READ(tw, __tw_common.skc_net.net, net_cookie)))
		return;
	if (!begin(&t, &r, RAW_TW_SEGMENT, BPF_CORE_READ(tw, __tw_common.skc_family), 0))
		return;
	r.e->cookie = BPF_CORE_READ(tw, __tw_common.skc_cookie.counter);
	r.e->to = BPF_CORE_READ(tw, tw_substate);
	r.e->value = (__u32)(BPF_CORE_READ(tw, tw_timer.expires) - bpf_jiffies64());
	r.e->flags = flags_of(skb);
	read_tuple(&r, &tw->__tw_common);
	end(&t, &r);
}

/* By the function itself, for kernels whose kfree_skb does not name the receiver. */
SEC("fexit/tcp_timewait_state_process")
int BPF_PROG(on_minisocket_segment, struct inet_timewait_sock *tw, struct sk_buff *skb)
{
	minisocket_segment(tw, skb);
	return 0;
}

#endif
