/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out what this machine can do by trying it. */
#include "capability_try.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void capability_have_it(struct capability_state *s)
{
	s->have = 1;
}

void capability_lacks(struct capability_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, ap);
	va_end(ap);
}

void capability_mend(struct capability_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->mend, sizeof s->mend, fmt, ap);
	va_end(ap);
}

int capability_admin_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	const uint32_t wanted = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN;

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return (data[0].effective & wanted) == wanted;
}

/* The kernel's fixed number for it (include/linux/proc_ns.h). */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu

static void probe_root(struct capability_state *s)
{
	struct stat st;

	if (geteuid()) {
		capability_lacks(s, "run as an ordinary user (uid %d)", (int)geteuid());
		capability_mend(s, "run it with sudo");
	} else if (!capability_admin_rights()) {
		capability_lacks(s, "root without CAP_SYS_ADMIN and CAP_NET_ADMIN: a container?");
		capability_mend(s, "run outside of the container, or with --privileged");
	} else if (!stat("/proc/self/ns/user", &st) && st.st_ino != FIRST_USER_NAMESPACE) {
		capability_lacks(s, "root only of a user namespace: a container?");
		capability_mend(s, "run as root of the machine itself");
	} else {
		capability_have_it(s);
	}
}

#define BTF "/sys/kernel/btf/vmlinux"

static void probe_btf(struct capability_state *s)
{
	if (!access(BTF, R_OK)) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, BTF ": %s", strerror(errno));
	capability_mend(
	        s, "a kernel with CONFIG_DEBUG_INFO_BTF (as distributions build it since 5.4)");
}

static int silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* Loads `return 0` for a tracepoint of TCP. 0, or an errno. */
static int load_tp_btf(void)
{
	static const struct bpf_insn insns[] = {
	        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	        {.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP);
	libbpf_print_fn_t before = libbpf_set_print(silent);
	int id = libbpf_find_vmlinux_btf_id("inet_sock_set_state", BPF_TRACE_RAW_TP), fd;

	libbpf_set_print(before);
	if (id <= 0)
		return id ? -id : ENOENT;
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(
	        BPF_PROG_TYPE_TRACING, "probe", "GPL", insns, sizeof insns / sizeof *insns, &opts);
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static void probe_bpf(struct capability_state *s)
{
	const struct capability_state *btf = capability_state("btf");
	int e;

	if (!btf->have) {
		capability_lacks(s, "needs btf: %s", btf->why);
		capability_mend(s, "%s", btf->mend);
		return;
	}
#ifndef LASTACK_BPF
	capability_lacks(s, "this lastack was built without it");
	capability_mend(s, "build it where clang, bpftool and /sys/kernel/btf/vmlinux are");
	return;
#endif
	e = load_tp_btf();
	if (!e) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "a tracing program does not load: %s", strerror(e));
	if (e == EPERM && geteuid())
		capability_mend(s, "run with sudo (CAP_BPF and CAP_PERFMON)");
	else if (e == EPERM && !capability_state("root")->have)
		capability_mend(s, "%s", capability_state("root")->mend);
	else if (e == EPERM)
		capability_mend(s,
		        "kernel lockdown (/sys/kernel/security/lockdown) or a container denies it");
	else
		capability_mend(s, "Linux 5.5 or later");
}

static int in_path(const char *program)
{
	const char *path = getenv("PATH");
	char all[4096], file[4352], *save = NULL;

	snprintf(all, sizeof all, "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	for (char *dir = strtok_r(all, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		snprintf(file, sizeof file, "%s/%s", dir, program);
		if (!access(file, X_OK))
			return 1;
	}
	return 0;
}

static void probe_program(struct capability_state *s, const char *program, const char *package)
{
	if (in_path(program)) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "there is no program %s", program);
	capability_mend(s, "apt-get install %s", package);
}

static void probe_iproute2(struct capability_state *s)
{
	probe_program(s, "ip", "iproute2");
	if (!s->have)
		return;
	s->have = 0;
	probe_program(s, "ss", "iproute2");
}

static void probe_tshark(struct capability_state *s)
{
	probe_program(s, "tshark", "tshark");
}

static const struct {
	const char *name;
	void (*probe)(struct capability_state *s);
} probes[] = {
        {"root", probe_root},
        {"netns", capability_probe_netns},
        {"userns", capability_probe_userns},
        {"tun", capability_probe_tun},
        {"packet", capability_probe_packet},
        {"veth", capability_probe_veth},
        {"bpf", probe_bpf},
        {"btf", probe_btf},
        {"ipv6", capability_probe_ipv6},
        {"iproute2", probe_iproute2},
        {"nft", capability_probe_nft},
        {"conntrack", capability_probe_conntrack},
        {"tshark", probe_tshark},
};

#define N_PROBES (sizeof probes / sizeof *probes)

const struct capability_state *capability_state(const char *name)
{
	static struct capability_state states[N_PROBES];
	static char tried[N_PROBES];

	for (size_t i = 0; i < N_PROBES; i++) {
		if (strcmp(probes[i].name, name))
			continue;
		if (!tried[i])
			probes[i].probe(&states[i]);
		tried[i] = 1;
		return &states[i];
	}
	return NULL;
}

int capability_have(const char *name, struct err *why)
{
	const struct capability_state *s = capability_state(name);

	if (!s)
		return err_set(why, ERR_INPUT, "there is no capability '%s'", name);
	if (s->have)
		return 1;
	err_set(why, ERR_MISSING, "%s: %s%s%s", name, s->why, *s->mend ? "; " : "", s->mend);
	return 0;
}
