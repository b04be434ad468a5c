/* SPDX-License-Identifier: BSD-2-Clause */
/* A slow link: what comes faster waits in a queue without bound. Each direction has its own. */
#include "fault.h"

#include "core/clock.h"

static enum passage_end apply(struct passage *p)
{
	uint64_t *free_at = p->memory, now = p->event->t_ns;

	if (*free_at < now)
		*free_at = now;
	*free_at += p->seg->size * 8 * NS_PER_S / p->rule->rate;
	passage_send_after(p, *free_at - now);
	return PASSAGE_ENDS;
}

const struct fault fault_limit = {.apply = apply};
