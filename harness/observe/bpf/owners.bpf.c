/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two walks that the kernel makes for us: through the descriptors of all tasks, for those that name
 * a TCP socket; and through the TCP sockets of our network namespace, for those without a file.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "observe/owner_raw.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 asked_netns; /* its cookie */

/* Reset, or never connected. What is bound and has no peer is listed, as BOUND_INACTIVE. */
static int is_unconnected(const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;

	return sk->sk_protocol == IPPROTO_TCP && common->skc_state == TCP_CLOSE &&
	       (!common->skc_num || common->skc_dport) &&
	       common->skc_net.net->net_cookie == asked_netns;
}

SEC("iter/task_file")
int on_descriptor(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct raw_owner r = {};
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || (sk->sk_protocol != IPPROTO_TCP && sk->sk_protocol != IPPROTO_MPTCP))
		return 0;
	r.inode = file->f_inode->i_ino;
	r.pid = task->tgid;
	r.fd = ctx->fd;
	r.unconnected = is_unconnected(sk);
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}

/* A minisocket, or a handshake under way, is no tcp_sock: not one of them has had a file. */
static int lack_of(struct tcp_sock *tp)
{
	struct socket *socket = tp->inet_conn.icsk_inet.sk.sk_socket;

	if (!socket)
		return RAW_LACKS_SOCKET;
	return socket->file ? RAW_LACKS_NOTHING : RAW_LACKS_FILE;
}

int listeners_only, past_listeners;

/*
 * Listeners come first. Where no more is asked for, the walk is cut short at the first connection:
 * a record with cookie 0 says so, and whatever comes after it waits for a read() that is never
 * made.
 */
SEC("iter/tcp")
int on_socket(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common; /* read once: what was checked is used */
	struct raw_kernel_socket r = {};
	struct tcp_sock *tp;

	if (!common)
		return 0;
	if (past_listeners)
		return 1;
	past_listeners = listeners_only && common->skc_state != TCP_LISTEN;
	tp = past_listeners ? NULL : bpf_skc_to_tcp_sock(common);
	if (tp)
		r.lack = lack_of(tp);
	if (!past_listeners && !r.lack)
		return 0;
	if (tp)
		r.cookie = bpf_get_socket_cookie(tp);
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}

struct raw_tuple asked; /* on_tuple's question */

/* Run by hand, with no packet: only programs of this kind may look up a socket. enum raw_lack. */
SEC("tc")
int on_tuple(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct tcp_sock *tp;
	struct bpf_sock *sk;
	int lack = RAW_LACKS_NOTHING;

	if (asked.ipv6) {
		__builtin_memcpy(t.ipv6.saddr, asked.remote, 16);
		__builtin_memcpy(t.ipv6.daddr, asked.local, 16);
		t.ipv6.sport = asked.remote_port;
		t.ipv6.dport = asked.local_port;
	} else {
		t.ipv4.saddr = asked.remote[0];
		t.ipv4.daddr = asked.local[0];
		t.ipv4.sport = asked.remote_port;
		t.ipv4.dport = asked.local_port;
	}
	sk = asked.ipv6 ? bpf_skc_lookup_tcp(skb, &t, sizeof t.ipv6, BPF_F_CURRENT_NETNS, 0)
	                : bpf_skc_lookup_tcp(skb, &t, sizeof t.ipv4, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	/* The cookie was made when the socket was listed. */
	if (tp && tp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter == asked.cookie)
		lack = lack_of(tp);
	bpf_sk_release(sk);
	return lack;
}
