/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be done in namespaces of our own: each probe is a child that makes them, tries, and is
 * gone with them.
 */
#include "capability_try.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Network administration in a namespace of our own: at once, or within a user namespace. */
static int enter_namespaces(int with_user)
{
	if (with_user && unshare(CLONE_NEWUSER) < 0)
		return errno;
	return unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) < 0 ? errno : 0;
}

static int new_namespace(void)
{
	return enter_namespaces(!capability_admin_rights());
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
		capability_lacks(
		        s, "AppArmor denies user namespaces to ordinary users (" APPARMOR " = 1)");
		capability_mend(s, "as root: sysctl -w " APPARMOR "=0; or run with sudo");
	} else if (number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
		capability_lacks(s, "ordinary users may not make user namespaces (" DEBIAN " = 0)");
		capability_mend(s, "as root: sysctl -w " DEBIAN "=1; or run with sudo");
	} else if (number_in("/proc/sys/user/max_user_namespaces") == 0) {
		capability_lacks(s, "no user namespaces allowed (user.max_user_namespaces = 0)");
		capability_mend(
		        s, "as root: sysctl -w user.max_user_namespaces=10000; or run with sudo");
	} else {
		capability_lacks(s, "a user namespace is refused: %s", strerror(e));
		if (e == EPERM)
			capability_mend(s,
			        "a container's seccomp filter or a chroot denies it: run outside, "
			        "or as root");
		else if (e == EINVAL)
			capability_mend(s, "a kernel with CONFIG_USER_NS; or run with sudo");
	}
}

void capability_probe_netns(struct capability_state *s)
{
	int e = in_child(try_netns);

	if (!e) {
		capability_have_it(s);
		return;
	}
	if (!capability_admin_rights() && e != ENOSPC) {
		explain_userns(s, e);
		return;
	}
	capability_lacks(s, "a network namespace cannot be made: %s", strerror(e));
	if (e == ENOSPC)
		capability_mend(s, "the limit is reached: sysctl user.max_net_namespaces, "
		                   "user.max_user_namespaces");
	else if (e == EINVAL)
		capability_mend(s, "a kernel with CONFIG_NET_NS and CONFIG_PID_NS");
	else
		capability_mend(s, "a sandbox or its seccomp filter denies it: run outside of it");
}

#define NOBODY 65534

/*
 * Root becomes `nobody`, for whom the answer may be another one. Where there is no such user, in a
 * container that maps only a few, it stays what it is.
 */
static int become_ordinary(void)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return errno;
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return errno == EINVAL ? 0 : errno;
	return 0;
}

static int try_userns(void)
{
	int e = become_ordinary();

	if (!e)
		e = enter_namespaces(1);
	return e ? e : loopback_up();
}

void capability_probe_userns(struct capability_state *s)
{
	int e = in_child(try_userns);

	if (e)
		explain_userns(s, e);
	else
		capability_have_it(s);
}

/* Stops a probe that happens in a namespace, when none can be made. */
static int without_namespace(struct capability_state *s)
{
	const struct capability_state *ns = capability_state("netns");

	if (ns->have)
		return 0;
	capability_lacks(s, "needs netns: %s", ns->why);
	capability_mend(s, "%s", ns->mend);
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

void capability_probe_tun(struct capability_state *s)
{
	struct stat st;
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_tun);
	if (!e) {
		capability_have_it(s);
	} else if (stat("/dev/net/tun", &st) < 0) {
		capability_lacks(s, "there is no /dev/net/tun");
		capability_mend(s, "modprobe tun; in a container: give it the device");
	} else if (e == EACCES) {
		capability_lacks(s, "/dev/net/tun has mode %04o: only root may open it",
		        (unsigned)(st.st_mode & 07777));
		capability_mend(
		        s, "as root: chmod 0666 /dev/net/tun (the default of most distributions)");
	} else {
		capability_lacks(s, "a TUN device cannot be made: %s", strerror(e));
		capability_mend(s, "%s", e == ENODEV || e == ENXIO ? "modprobe tun" : "");
	}
}

static int try_packet(void)
{
	int e = new_namespace();

	if (e)
		return e;
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) < 0 ? errno : 0;
}

void capability_probe_packet(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_packet);
	if (!e) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "an AF_PACKET socket is refused: %s", strerror(e));
	if (e == EAFNOSUPPORT)
		capability_mend(s, "modprobe af_packet, or a kernel with CONFIG_PACKET");
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
	char buf[512]
	        __attribute__((aligned(NLMSG_ALIGNTO))) = {0}; /* libmnl leaves padding as it is */
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

void capability_probe_veth(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_veth);
	if (!e) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "a veth pair cannot be made: %s", strerror(e));
	if (e == EOPNOTSUPP)
		capability_mend(s, "modprobe veth, or a kernel with CONFIG_VETH");
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

void capability_probe_nft(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_nft);
	if (!e) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "the kernel does not answer for nftables: %s", strerror(e));
	capability_mend(s, "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES");
}

/* The table of a new namespace, which is empty: the kernel's answer is what counts. */
static int try_conntrack(void)
{
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;
	int e = new_namespace();

	if (e)
		return e;
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return netlink_asked(NETLINK_NETFILTER, h);
}

void capability_probe_conntrack(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_conntrack);
	if (!e) {
		capability_have_it(s);
		return;
	}
	capability_lacks(s, "the kernel does not answer for conntrack: %s", strerror(e));
	capability_mend(s,
	        "modprobe nf_conntrack_netlink, or a kernel with CONFIG_NF_CONNTRACK and "
	        "CONFIG_NF_CT_NETLINK");
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

void capability_probe_ipv6(struct capability_state *s)
{
	int e;

	if (without_namespace(s))
		return;
	e = in_child(try_ipv6);
	if (!e) {
		capability_have_it(s);
	} else if (e == ENODEV) {
		capability_lacks(s, "IPv6 is switched off in new namespaces");
		capability_mend(s,
		        "sysctl net.ipv6.conf.default.disable_ipv6, or ipv6.disable=1 among the "
		        "kernel's parameters");
	} else {
		capability_lacks(s, "no IPv6 in this kernel: %s", strerror(e));
		capability_mend(s, "a kernel with CONFIG_IPV6, booted without ipv6.disable=1");
	}
}
