/* SPDX-License-Identifier: BSD-2-Clause */
/* What the BPF iterators over descriptors and sockets write: included by both sides. */
#ifndef LASTACK_OWNER_RAW_H
#define LASTACK_OWNER_RAW_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* A descriptor that names a TCP (or MPTCP) socket. */
struct raw_owner {
	__u32 inode, pid, fd;
	__u32 unconnected; /* of the network namespace that is asked for: as in struct owner */
};

/* What a socket without a file lacks. */
enum raw_lack {
	RAW_LACKS_NOTHING,
	RAW_LACKS_FILE,   /* it has all of a program's socket but that: made by the kernel */
	RAW_LACKS_SOCKET, /* its program's part is gone, or was never there */
};

/* A socket that has no file; cookie 0: the list was cut short here. */
struct raw_kernel_socket {
	__u64 cookie;
	__u64 lack; /* enum raw_lack */
};

/* A connection in the accept queue of a listener, by their cookies; 0: cut short here. */
struct raw_waiting {
	__u64 listener, connection;
};

#define RAW_WAITING 1000 /* of one listener: more do not fit into what is written at a time */

/* Which connection is asked about: all in the network's byte order, but for the cookie. */
struct raw_tuple {
	__u32 local[4], remote[4];
	__u16 local_port, remote_port;
	__u32 ipv6;
	__u64 cookie;
};

#endif
