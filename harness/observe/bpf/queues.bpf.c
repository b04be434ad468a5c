/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk through the accept queues of our network namespace. Apart from the others, for it is seldom
 * needed, and kernels before 5.17 have no bpf_loop().
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "observe/owner_raw.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

int past_listeners;

struct walk {
	struct seq_file *seq;
	struct request_sock *request; /* the next one in the queue */
	struct raw_waiting r;
};

static long tell_waiting(__u32 i, struct walk *w)
{
	struct request_sock *request = w->request;

	if (!request)
		return 1;
	w->r.connection = request->sk->__sk_common.skc_cookie.counter;
	bpf_seq_write(w->seq, &w->r, sizeof w->r);
	w->request = request->dl_next;
	return 0;
}

/* The iterator has locked the listener, and so accept() out. See on_socket for the first connection. */
SEC("iter/tcp")
int on_queue(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common; /* read once: what was checked is used */
	struct walk w = {.seq = ctx->meta->seq};
	struct tcp_sock *tp;

	if (!common)
		return 0;
	if (past_listeners)
		return 1;
	past_listeners = common->skc_state != TCP_LISTEN;
	if (past_listeners) {
		bpf_seq_write(w.seq, &w.r, sizeof w.r);
		return 0;
	}
	tp = bpf_skc_to_tcp_sock(common);
	if (!tp)
		return 0;
	w.r.listener = bpf_get_socket_cookie(tp);
	w.request = tp->inet_conn.icsk_accept_queue.rskq_accept_head;
	bpf_loop(RAW_WAITING, tell_waiting, &w, 0);
	return 0;
}
