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
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}

SEC("iter/tcp")
int on_socket(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common; /* read once: what was checked is used */
	struct raw_kernel_socket r = {};
	struct socket *socket;
	struct tcp_sock *tp;

	if (!common)
		return 0;
	tp = bpf_skc_to_tcp_sock(common);
	if (!tp) /* a minisocket, or a handshake under way */
		return 0;
	socket = tp->inet_conn.icsk_inet.sk.sk_socket;
	if (!socket || socket->file)
		return 0;
	r.cookie = bpf_get_socket_cookie(tp);
	bpf_seq_write(ctx->meta->seq, &r, sizeof r);
	return 0;
}
