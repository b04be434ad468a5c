/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a record: whether anybody watches the namespace, lines of the slot's ring, the four-tuple,
 * who did it, and the end that makes it visible.
 */
#ifndef LASTACK_RECORD_BPF_H
#define LASTACK_RECORD_BPF_H

#define AF_INET  2
#define AF_INET6 10

#define PF_EXITING 0x4 /* linux/sched.h */

#define NESTED_LINES 32 /* left free for programs that run inside of one that has just asked */

const volatile int counts_only = 0;
const volatile int stacks = 0;
const volatile int commands = 1;    /* with the name of the process that caused it */
const volatile __u64 ring_mask = 0; /* lines of a ring - 1 */
const volatile __u32 lanes = 1;     /* rings of a slot, side by side */

/*
 * A field by a pointer that the verifier does not know. Since Linux 6.2 the pointer can be given
 * its type, and a read is one instruction; before, it is a call of a helper.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define PEEK(ptr, type, field)                                                                     \
	((&bpf_rdonly_cast != 0)                                                                   \
	                ? ((const type *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))    \
	                          ->field                                                          \
	                : BPF_CORE_READ((const type *)(ptr), field))

struct inner_ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, RAW_LINE);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RAW_SLOTS);
	__type(key, __u32);
	__array(values, struct inner_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RAW_SLOTS);
	__type(key, __u32);
	__type(value, struct raw_queue);
} queues SEC(".maps");

/* What wakes a reader: nothing in them is worth reading. */
struct inner_bell {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RAW_SLOTS);
	__type(key, __u32);
	__array(values, struct inner_bell);
} bells SEC(".maps");

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

/* A stack as the helper gives it, in one piece. */
struct raw_stack {
	__u64 frame[RAW_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct raw_stack);
} scratch SEC(".maps");

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

/* A record that is being made. */
struct record {
	struct raw_event *e;
	struct raw_more *more; /* where there is a second line */
	struct raw_queue *queue;
	void *ring;
	__u64 place; /* of the first line, from 0 */
};

static __always_inline union raw_line *line_at(const struct record *r, __u32 offset)
{
	__u32 at = (__u32)((r->place + offset) & ring_mask);

	return bpf_map_lookup_elem(r->ring, &at);
}

static __always_inline __u8 lines_for(__u16 family, int by_process)
{
	if (stacks)
		return 2 + RAW_FRAME_LINES;
	return family == AF_INET6 || (by_process && commands) ? 2 : 1;
}

/* Lines of the ring. The reader waits for the first of them to be complete: a record that has its
 * lines must be ended. */
static __always_inline int take_lines(struct target *t, struct record *r, __u8 lines)
{
	__u32 at = t->net->slot;

	if (lanes > 1)
		at = at * lanes + bpf_get_smp_processor_id() % lanes;
	r->ring = bpf_map_lookup_elem(&rings, &at);
	r->queue = bpf_map_lookup_elem(&queues, &at);
	if (!r->ring || !r->queue)
		return 0;
	if (*(volatile __u64 *)&r->queue->head + lines + NESTED_LINES >
	        *(volatile __u64 *)&r->queue->tail + ring_mask) {
		t->count->lost++;
		return 0;
	}
	r->place = __sync_fetch_and_add(&r->queue->head, lines);
	return 1;
}

static __always_inline int begin(
        struct target *t, struct record *r, __u8 kind, __u16 family, int by_process)
{
	__u8 lines = lines_for(family, by_process);
	struct raw_event *e;

	t->count->events++;
	if (!take_lines(t, r, lines))
		return 0;
	r->e = e = (struct raw_event *)line_at(r, 0);
	r->more = lines > 1 ? (struct raw_more *)line_at(r, 1) : 0;
	if (!e)
		return 0; /* cannot be: the place is within the ring */
	e->t_ns = bpf_ktime_get_ns();
	e->net = (__u32)t->cookie;
	e->pid = e->tid = 0;
	e->value = e->length = 0;
	e->kind = kind;
	e->host = t->net->host;
	e->family = family;
	e->from = e->to = e->flags = e->extra = 0;
	e->lines = lines;
	if (r->more) {
		r->more->command[0] = 0;
		r->more->bytes = 0;
		r->more->exiting = 0;
	}
	return 1;
}

static __always_inline void ring_bell(struct target *t, struct raw_queue *queue)
{
	__u32 slot = t->net->slot;
	void *bell = bpf_map_lookup_elem(&bells, &slot);
	__u64 nothing = 0;

	queue->asleep = 0;
	if (bell)
		bpf_ringbuf_output(bell, &nothing, sizeof nothing, BPF_RB_FORCE_WAKEUP);
}

/*
 * Stores are seen in their order on x86; elsewhere an exchange sees to that. What it costs is to
 * wait for the line, which nobody has in a cache. A reader who falls asleep looks once more some
 * time after it has said so: it need not be seen at once either.
 */
static __always_inline void complete(struct record *r)
{
#ifdef __TARGET_ARCH_x86
	*(volatile __u64 *)&r->e->place = r->place + 1;
#else
	(void)__sync_lock_test_and_set(&r->e->place, r->place + 1);
#endif
}

static __always_inline void end(struct target *t, struct record *r)
{
	complete(r);
	if (*(volatile __u32 *)&r->queue->asleep)
		ring_bell(t, r->queue);
}

/*
 * The functions around system calls have no frame of their own: of the chain of frame pointers
 * their caller is missing. Its address is on top of the stack, or in a register.
 */
static __always_inline __u64 caller_of_wrapper(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 address = 0;

#if defined(__TARGET_ARCH_x86)
	bpf_probe_read_user(&address, sizeof address, (const void *)regs->sp);
#elif defined(__TARGET_ARCH_arm64)
	address = regs->regs[30];
#endif
	return address;
}

static __always_inline void add_stack(void *ctx, struct record *r)
{
	__u32 zero = 0;
	struct raw_stack *s = bpf_map_lookup_elem(&scratch, &zero);

	if (!s || !r->more)
		return;
	r->more->caller = caller_of_wrapper();
	r->more->bytes = bpf_get_stack(ctx, s->frame, sizeof s->frame, BPF_F_USER_STACK);
#pragma unroll
	for (int i = 0; i < RAW_FRAME_LINES; i++) {
		union raw_line *line = line_at(r, 2 + i);

		if (line)
			__builtin_memcpy(line->frame, s->frame + i * RAW_LINE_FRAMES, RAW_LINE);
	}
}

static __always_inline void add_process(void *ctx, struct record *r)
{
	__u64 id = bpf_get_current_pid_tgid();

	r->e->pid = id >> 32;
	r->e->tid = (__u32)id;
	if (commands && r->more) {
		bpf_get_current_comm(r->more->command, sizeof r->more->command);
		r->more->exiting = !!(bpf_get_current_task_btf()->flags & PF_EXITING);
	}
	if (stacks)
		add_stack(ctx, r);
}

/* From a pointer that the verifier does not know. */
static __always_inline void read_tuple(struct record *r, const struct sock_common *skc)
{
	r->e->local_port = PEEK(skc, struct sock_common, skc_num);
	r->e->remote_port = bpf_ntohs(PEEK(skc, struct sock_common, skc_dport));
	if (r->e->family == AF_INET6 && r->more) {
		BPF_CORE_READ_INTO(&r->more->local, skc, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&r->more->remote, skc, skc_v6_daddr);
	} else {
		r->e->local = PEEK(skc, struct sock_common, skc_rcv_saddr);
		r->e->remote = PEEK(skc, struct sock_common, skc_daddr);
	}
}

/* From a full socket. Its port is in inet_sport still when skc_num is 0 again, at CLOSE. */
static __always_inline void socket_tuple(struct record *r, const struct sock *sk)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;

	r->e->local_port = sk->__sk_common.skc_num;
	if (!r->e->local_port)
		r->e->local_port = bpf_ntohs(PEEK(inet, struct inet_sock, inet_sport));
	r->e->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (r->e->family == AF_INET6 && r->more) {
		BPF_CORE_READ_INTO(&r->more->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&r->more->remote, sk, __sk_common.skc_v6_daddr);
	} else {
		r->e->local = sk->__sk_common.skc_rcv_saddr;
		r->e->remote = sk->__sk_common.skc_daddr;
	}
}

/* The same by a pointer that may be something else than a full socket. */
static __always_inline void closed_tuple(struct record *r, const struct sock *sk)
{
	const struct inet_sock *inet = (const struct inet_sock *)sk;
	int state = BPF_CORE_READ(sk, __sk_common.skc_state);

	read_tuple(r, &sk->__sk_common);
	if (!r->e->local_port && state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV)
		r->e->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

/* The four-tuple of the answer to a segment: its addresses the other way round. */
static __always_inline void answer_tuple(struct record *r, const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	const unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	const unsigned char *tcp = head + BPF_CORE_READ(skb, transport_header);
	__u16 ports[2] = {0, 0};

	bpf_probe_read_kernel(ports, sizeof ports, tcp);
	r->e->remote_port = bpf_ntohs(ports[0]);
	r->e->local_port = bpf_ntohs(ports[1]);
	if (r->e->family == AF_INET6 && r->more) {
		bpf_probe_read_kernel(r->more->remote, 16, ip + 8);
		bpf_probe_read_kernel(r->more->local, 16, ip + 24);
	} else {
		bpf_probe_read_kernel(&r->e->remote, 4, ip + 12);
		bpf_probe_read_kernel(&r->e->local, 4, ip + 16);
	}
}

static __always_inline __u16 family_of(const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	__u8 version = 0;

	bpf_probe_read_kernel(&version, 1, head + BPF_CORE_READ(skb, network_header));
	return version >> 4 == 6 ? AF_INET6 : AF_INET;
}

static __always_inline __u8 flags_of(const struct sk_buff *skb)
{
	const unsigned char *head = BPF_CORE_READ(skb, head);
	__u8 flags = 0;

	bpf_probe_read_kernel(&flags, 1, head + BPF_CORE_READ(skb, transport_header) + 13);
	return flags;
}

#endif
