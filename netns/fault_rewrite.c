/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of the header are changed on the way, and the checksum fits again. */
#include "fault.h"

#include <string.h>

#define OPTION_NOP       1
#define OPTION_MSS       2
#define OPTION_TIMESTAMP 8

static void change_mss(struct segment *s, unsigned mss)
{
	unsigned n;
	uint8_t *o = segment_option(s, OPTION_MSS, &n);

	if (o && n == 4)
		store16(o + 2, mss);
}

static void change_timestamp(struct segment *s, const struct segment_change *c)
{
	unsigned n;
	uint8_t *o = segment_option(s, OPTION_TIMESTAMP, &n);

	if (!o || n != 10)
		return;
	if (c->what & CHANGE_NO_TIMESTAMP)
		memset(o, OPTION_NOP, n);
	else
		store32(o + 2, load32(o + 2) + (uint32_t)c->timestamp);
}

static enum passage_end apply(struct passage *p)
{
	const struct segment_change *c = &p->rule->set;

	if (c->what & CHANGE_WINDOW)
		store16(p->seg->tcp + 14, c->window);
	if (c->what & CHANGE_FLAGS)
		p->seg->tcp[13] = (uint8_t)c->flags;
	if (c->what & CHANGE_MSS)
		change_mss(p->seg, c->mss);
	if (c->what & (CHANGE_TIMESTAMP | CHANGE_NO_TIMESTAMP))
		change_timestamp(p->seg, c);
	p->seg->window = load16(p->seg->tcp + 14);
	p->seg->flags = p->seg->tcp[13];
	segment_checksum(p->seg);
	return PASSAGE_GOES_ON;
}

const struct fault fault_rewrite = {.apply = apply};
