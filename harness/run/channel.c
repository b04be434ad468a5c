/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *const words[] = {
        [SAYS_WAITS] = "waits",
        [SAYS_IDLE] = "idle",
        [SAYS_BUSY] = "busy",
        [SAYS_MISSING] = "missing",
        [SAYS_BROKEN] = "broken",
        [SAYS_DONE] = "done",
};

void channel_say(int channel, enum says says, const char *fmt, ...)
{
	char packet[sizeof((struct message *)0)->text];
	int n = snprintf(packet, sizeof packet, "%s ", words[says]);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(packet + n, sizeof packet - (size_t)n, fmt, ap);
	va_end(ap);
	/* A controller that is gone takes the cell with it. */
	(void)!send(channel, packet, strlen(packet),
	        MSG_NOSIGNAL | (says == SAYS_WAITS ? MSG_DONTWAIT : 0));
}

static int understand(const char *packet, struct message *ret)
{
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i]);

		if (strncmp(packet, words[i], n) || packet[n] != ' ')
			continue;
		ret->says = (enum says)i;
		snprintf(ret->text, sizeof ret->text, "%s", packet + n + 1);
		return 1;
	}
	return -1;
}

int channel_hear(int channel, struct message *ret)
{
	char packet[sizeof ret->text];
	ssize_t n = recv(channel, packet, sizeof packet - 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	packet[n] = 0;
	return understand(packet, ret);
}
