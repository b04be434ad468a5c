/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens a TUN device, and says what would mend it when that is not to be had. */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE        "/dev/net/tun"
#define QUEUE_PACKETS 16384

static int cannot_open(int error, struct err *err)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return err_set(err, ERR_MISSING,
		        "tun: there is no " DEVICE
		        "; load the module: modprobe tun (and in a container, pass the device in)");
	case EACCES:
	case EPERM:
		return err_set(err, ERR_MISSING,
		        "tun: no permission for " DEVICE ": %s; run as root, or chmod 0666 " DEVICE,
		        strerror(error));
	}
	errno = error;
	return err_sys(err, "tun: " DEVICE);
}

/* A packet that finds the queue full is lost without a rule: 500 are too few for a burst of SYNs.
 */
static int lengthen_queue(const char *name, struct err *err)
{
	struct ifreq r = {.ifr_qlen = QUEUE_PACKETS};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed;

	if (fd < 0)
		return err_sys(err, "tun: a socket");
	memcpy(r.ifr_name, name, strlen(name));
	failed = ioctl(fd, SIOCSIFTXQLEN, &r);
	if (failed)
		err_sys(err, "tun: the queue of %s", name);
	close(fd);
	return failed;
}

static int make_device(int fd, const char *name, struct err *err)
{
	struct ifreq r;

	memset(&r, 0, sizeof r);
	if (strlen(name) >= sizeof r.ifr_name)
		return err_set(err, ERR_LAB, "tun: the name %s is too long for a device", name);
	memcpy(r.ifr_name, name, strlen(name));
	r.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (!ioctl(fd, TUNSETIFF, &r))
		return lengthen_queue(name, err);
	if (errno == EPERM)
		return err_set(err, ERR_MISSING,
		        "tun: making a device needs CAP_NET_ADMIN in this network namespace; "
		        "run as root");
	return err_sys(err, "tun: making the device %s", name);
}

int tun_open(const char *name, struct err *err)
{
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return cannot_open(errno, err);
	if (make_device(fd, name, err)) {
		close(fd);
		return -1;
	}
	return fd;
}
