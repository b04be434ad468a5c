/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of any content through the parser, the table of connections and the checksums. The input
 * is a list of packets: one byte of direction, two bytes of length, then that many bytes.
 */
#include "netns/flow.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_packet(struct flows *f, const uint8_t *bytes, size_t size, enum host from)
{
	uint8_t *packet = malloc(size ? size : 1); /* of its own size, so that overruns are seen */
	struct ev_segment e = {0};
	struct segment s;
	unsigned n;

	if (!packet)
		abort();
	if (size)
		memcpy(packet, bytes, size);
	if (!segment_parse(packet, size, &s)) {
		flow_segment(f, &s, from, 0, &e);
		if (e.role >= ROLE_COUNT || !e.ordinal || !e.connection)
			abort();
		for (unsigned kind = 0; kind < 256; kind++)
			segment_option(&s, kind, &n);
		segment_checksum(&s);
		if (!segment_checksum_ok(&s))
			abort();
	}
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flows f;

	flows_init(&f, 1);
	while (size >= 3) {
		size_t n = load16(data + 1);

		if (n > size - 3)
			n = size - 3;
		one_packet(&f, data + 3, n, data[0] & 1 ? HOST_SERVER : HOST_CLIENT);
		data += 3 + n;
		size -= 3 + n;
	}
	flows_free(&f);
	return 0;
}
