/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a report: refused, or an event whose parts are in range. */
#include "observe/peerlog.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = must(malloc(size + 1));
	struct event e = {0};
	struct err err = {0};

	memcpy(line, data, size);
	line[size] = 0;
	if (peerlog_parse(line, &e, &err) < 0) {
		if (!*err.text || err.kind != ERR_LAB)
			abort();
	} else if (e.kind != EV_PEER || e.peer.verb >= PEER_EXITED ||
	           !memchr(e.peer.call, 0, sizeof e.peer.call)) {
		abort();
	}
	free(line);
	return 0;
}
