/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a message of ctnetlink: about TCP with both tuples whole, or not taken. */
#include "observe/conntrack_parse.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conntrack_row row;
	struct nlmsghdr *h;

	if (size < sizeof *h)
		return 0;
	h = calloc(1, NLMSG_ALIGN(size)); /* libmnl counts a message's padding in */
	if (!h)
		abort();
	memcpy(h, data, size);
	h->nlmsg_len = (uint32_t)size; /* the kernel's framing is checked before */
	if (conntrack_parse(h, &row) == 1 &&
	        (!row.original.local.family || !row.reply.local.family || row.state >= CT_COUNT))
		abort();
	free(h);
	return 0;
}
