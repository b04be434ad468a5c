/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out what this machine can do by trying it. */
#include "capability_probe.h"

#include "model/capability.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libmnl/libmnl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRINTF(a, b) __attribute__((format(printf, a, b)))

static void have(struct capability_state *s)
{
	s->have = 1;
}

PRINTF(2, 3) static void lacks(struct capability_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, ap);
	va_end(ap);
}

PRINTF(2, 3) static void mend(struct capability_state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->mend, sizeof s->mend, fmt, ap);
	va_end(ap);
}

/* The number in a file of /proc, -1 when there is no such file. */
static long number_in(const char *path)
{
	char text[32];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

/* Runs in a child what changes the process it runs in; gives its result, an errno or 0. */
static int in_child(int (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(call());
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* Root in a sandbox may lack what root is asked for. */
static int has_admin_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	const uint32_t wanted = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN;

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return (data[0].effective & wanted) == wanted;
}

static void probe_root(struct capability_state *s)
{
	if (geteuid()) {
		lacks(s, "run as an ordinary user (uid %d)", (int)geteuid());
		mend(s, "run it with sudo");
	} else if (!has_admin_rights()) {
		lacks(s, "root without CAP_SYS_ADMIN and CAP_NET_ADMIN: a container?");
		mend(s, "run outside of the container, or with --privileged");
	} else {
		have(s);
	}
}

/* Network administration in a namespace of our own: as root at once, else as a user's. */
static int new_namespace(void)
{
	int flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID;

	if (!has_admin_rights() && unshare(CLONE_NEWUSER) < 0)
		return errno;
	return unshare(flags) < 0 ? errno : 0;
}

/* Ubuntu's restriction lets the namespace be made and takes the rights in it away. */
static int loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? errno : 0;
}

static int try_netns(void)
{
	int e = new_namespace();

	return e ? e : loopback_up();
}

#define APPARMOR "kernel.apparmor_restrict_unprivileged_userns"
#define DEBIAN   "kernel.unprivileged_userns_clone"

/* Why a user namespace was refused. */
static void explain_userns(struct capability_state *s, int e)
{
	if (number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
		lacks(s, "AppArmor denies user namespaces to ordinary users (" APPARMOR " = 1)");
		mend(s, "as root: sysctl -w " APPARMOR "=0; or run with sudo");
	} else if (number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
		lacks(s, "ordinary users may not make user namespaces (" DEBIAN " = 0)");
		mend(s, "as root: sysctl -w " DEBIAN "=1; or run with sudo");
	} else if (number_in("/proc/sys/user/max_user_namespaces") == 0) {
		lacks(s, "no user namespaces allowed (user.max_user_namespaces = 0)");
		mend(s, "as root: sysctl -w user.max_user_namespaces=10000; or run with sudo");
	} else {
		lacks(s, "a user namespace is refused: %s", strerror(e));
		if (e == EPERM)
			mend(s, "a container's seccomp filter or a chroot denies it: run outside, "
			        "or as root");
		else if (e == EINVAL)
			mend(s, "a kernel with CONFIG_USER_NS; or run with sudo");
	}
}

static void probe_netns(struct capability_state *s)
{
	int e = in_child(try_netns);

	if (!e) {
		have(s);
		return;
	}
	if (!has_admin_rights() && e != ENOSPC) {
		explain_userns(s, e);
		return;
	}
	lacks(s, "a network namespace cannot be made: %s", strerror(e));
	if (e == ENOSPC)
		mend(s, "the limit is reached: sysctl user.max_net_namespaces, "
		        "user.max_user_namespaces");
	else if (e == EINVAL)
		mend(s, "a kernel with CONFIG_NET_NS and CONFIG_PID_NS");
	else
		mend(s, "a sandbox or its seccomp filter denies it: run outside of it");
}

#define NOBODY 65534

/* The same as an ordinary user, who is `nobody` when root asks. */
static int try_userns(void)
{
	if (!geteuid() && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	                          setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return errno;
	return try_netns();
}

static void probe_userns(struct capability_state *s)
{
	int e = in_child(try_userns);

	if (e)
		explain_userns(s, e);
	else
		have(s);
}

/* Stops a probe that happens in a namespace, when none can be made. */
static int without_namespace(struct capability_state *s)
{
	const struct capability_state *ns = capability_state("netns");

	if (ns->have)
		return 0;
	lacks(s, "needs netns: %s", ns->why);
	mend(s, "%s", ns->mend);
	return 1;
}

static int try_tun(void)
{
	struct ifreq r = {.ifr_name = "probe", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int e = new_namespace(), fd;

	if (e)
		return e;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	return fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0 ? errno : 0;
}

static void probe_tun(struct capability_state *s)
{
	struct stat st;
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_tun);
	if (!e) {
		have(s);
	} else if (stat("/dev/net/tun", &st) < 0) {
		lacks(s, "there is no /dev/net/tun");
		mend(s, "modprobe tun; in a container: give it the device");
	} else if (e == EACCES) {
		lacks(s, "/dev/net/tun has mode %04o: only root may open it",
		        (unsigned)(st.st_mode & 07777));
		mend(s, "as root: chmod 0666 /dev/net/tun (the default of most distributions)");
	} else {
		lacks(s, "a TUN device cannot be made: %s", strerror(e));
		mend(s, "%s", e == ENODEV || e == ENXIO ? "modprobe tun" : "");
	}
}

static int try_packet(void)
{
	int e = new_namespace();

	if (e)
		return e;
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) < 0 ? errno : 0;
}

static void probe_packet(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_packet);
	if (!e) {
		have(s);
		return;
	}
	lacks(s, "an AF_PACKET socket is refused: %s", strerror(e));
	if (e == EAFNOSUPPORT)
		mend(s, "modprobe af_packet, or a kernel with CONFIG_PACKET");
}

/* Sends one request and reads the answer's errno. */
static int netlink_asked(int bus, struct nlmsghdr *h)
{
	char buf[8192];
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	ssize_t n;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	        mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof buf);
	if (n < 0)
		return errno;
	mnl_socket_close(nl);
	return mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) < 0 ? errno : 0;
}

static int try_veth(void)
{
	char buf[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *link;
	struct nlattr *info;
	int e = new_namespace();

	if (e)
		return e;
	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	link = mnl_nlmsg_put_extra_header(h, sizeof *link);
	link->ifi_family = AF_UNSPEC;
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(h, info);
	return netlink_asked(NETLINK_ROUTE, h);
}

static void probe_veth(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_veth);
	if (!e) {
		have(s);
		return;
	}
	lacks(s, "a veth pair cannot be made: %s", strerror(e));
	if (e == EOPNOTSUPP)
		mend(s, "modprobe veth, or a kernel with CONFIG_VETH");
}

static int try_nft(void)
{
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;
	int e = new_namespace();

	if (e)
		return e;
	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return netlink_asked(NETLINK_NETFILTER, h);
}

static void probe_nft(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_nft);
	if (!e) {
		have(s);
		return;
	}
	lacks(s, "the kernel does not answer for nftables: %s", strerror(e));
	mend(s, "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES");
}

static int try_ipv6(void)
{
	int e = new_namespace();

	if (e)
		return e;
	if (socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
		return errno;
	/* This file shows the namespace of whoever reads it. */
	return number_in("/proc/sys/net/ipv6/conf/default/disable_ipv6") == 0 ? 0 : ENODEV;
}

static void probe_ipv6(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_ipv6);
	if (!e) {
		have(s);
	} else if (e == ENODEV) {
		lacks(s, "IPv6 is switched off in new namespaces");
		mend(s, "sysctl net.ipv6.conf.default.disable_ipv6, or ipv6.disable=1 among the "
		        "kernel's parameters");
	} else {
		lacks(s, "no IPv6 in this kernel: %s", strerror(e));
		mend(s, "a kernel with CONFIG_IPV6, booted without ipv6.disable=1");
	}
}

#define BTF "/sys/kernel/btf/vmlinux"

static void probe_btf(struct capability_state *s)
{
	if (!access(BTF, R_OK)) {
		have(s);
		return;
	}
	lacks(s, BTF ": %s", strerror(errno));
	mend(s, "a kernel with CONFIG_DEBUG_INFO_BTF (as distributions build it since 5.4)");
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
		lacks(s, "needs btf: %s", btf->why);
		mend(s, "%s", btf->mend);
		return;
	}
	e = load_tp_btf();
	if (!e) {
		have(s);
		return;
	}
	lacks(s, "a tracing program does not load: %s", strerror(e));
	if (e == EPERM && geteuid())
		mend(s, "run with sudo (CAP_BPF and CAP_PERFMON)");
	else if (e == EPERM)
		mend(s, "kernel lockdown (/sys/kernel/security/lockdown) or a container denies it");
	else
		mend(s, "Linux 5.5 or later");
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
		have(s);
		return;
	}
	lacks(s, "there is no program %s", program);
	mend(s, "apt-get install %s", package);
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
        {"netns", probe_netns},
        {"userns", probe_userns},
        {"tun", probe_tun},
        {"packet", probe_packet},
        {"veth", probe_veth},
        {"bpf", probe_bpf},
        {"btf", probe_btf},
        {"ipv6", probe_ipv6},
        {"iproute2", probe_iproute2},
        {"nft", probe_nft},
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
