/* SPDX-License-Identifier: BSD-2-Clause */
/* Events in words, for every reporter that tells of them. */
#ifndef LASTACK_REPORT_WORDS_H
#define LASTACK_REPORT_WORDS_H

#include "report/reporter.h"

#define EVENT_WORDS 512
#define RERUN_WORDS 4096

/* "server    0.012 accepted 198.18.0.1:40001". Returns buf. */
const char *words_event(const struct outcome *r, const struct event *e, char *buf, size_t size);

/*
 * The last `most` events up to and including `last` that tell a reader something, as dumps and
 * ticks do not, in the order of their times: the kernel's come late to the timeline. Returns how
 * many, at most `most`; they are in ret, which has room for that many.
 */
size_t words_stretch(const struct timeline *t, size_t last, size_t most, const struct event **ret);

/* The command that runs this again, alone; "" where no scenario could be read. Returns buf. */
const char *words_rerun(const struct outcome *r, char *buf, size_t size);

/* What carried the link out, "veth+nft", "wire+tun", where the run says more than veth or wire; or
 * NULL. */
const char *words_link(const struct outcome *r);

/* The finding that decided the verdict, or NULL. */
const struct finding *words_decisive(const struct verdict *v);

/* As `text`, at most `width` characters, the last three dots when it was longer. Returns buf. */
const char *words_shorten(const char *text, size_t width, char *buf, size_t size);
size_t words_width(const char *text); /* in characters of UTF-8 */

#endif
