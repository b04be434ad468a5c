/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of a cell's channel: what a runner says to the controller. One packet a message. */
#ifndef LASTACK_CHANNEL_H
#define LASTACK_CHANNEL_H

enum says {
	SAYS_WAITS,   /* UNTIL_NS TEXT for the progress line: until when at most, and what is so
	                 till then; may be lost, the next one says it again */
	SAYS_IDLE,    /* a long wait begins */
	SAYS_BUSY,    /* it has ended */
	SAYS_MISSING, /* WHY: there is no timeline, SKIP */
	SAYS_BROKEN,  /* WHY: there is no timeline, ERROR */
	SAYS_DONE,    /* VERDICT: the timeline is complete, and this is the verdict on it */
};

struct message {
	enum says says;
	char text[1200];
};

/* In the runner. */
void channel_say(int channel, enum says says, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* In the controller. 1: a message; 0: nothing yet; -1: no more, the runner is gone. */
int channel_hear(int channel, struct message *ret);

#endif
