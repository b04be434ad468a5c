/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fault of the wire is: a row of faults.def and a file of its own.
 *
 * When a rule hits a segment, the wire sets the segment's fate to that of the fault's row, tells
 * the listeners, and calls apply(). That may change the segment, keep it, send more; when it
 * returns PASSAGE_GOES_ON the wire sends what the segment now is, with PASSAGE_ENDS it does nothing
 * more.
 */
#ifndef LASTACK_FAULT_H
#define LASTACK_FAULT_H

#include "model/scenario.h"
#include "netns/flow.h"

/* A segment on its way through the wire. */
struct passage {
	struct wire *wire;
	struct segment *seg; /* its bytes may be changed in place */
	struct flow *flow;
	struct event *event;
	const struct wire_rule *rule;
	uint64_t random; /* of this rule, connection and hit: the same in every run with one seed */
	uint64_t *memory; /* of this rule and direction, zero at first: for the fault's own use */
};

enum passage_end { PASSAGE_ENDS, PASSAGE_GOES_ON };

struct fault {
	int needs_payload; /* does not hit segments without */
	enum passage_end (*apply)(struct passage *p);
};

struct fault_row {
	const char *name;
	enum segment_fate fate;
	unsigned needs, takes; /* enum rule_parameter_bits */
	const char *help;
	const struct fault *fault;
};

extern const struct fault_row faults[]; /* ends with a row without a name */

const struct fault_row *fault_find(const char *name); /* NULL when there is none */

#define FAULT(name, fate, needs, takes, help) extern const struct fault fault_##name;
#include "netns/faults.def"
#undef FAULT

/* ---- what faults can do ---- */

/* To the other side than the segment came from: */
void passage_send(struct passage *p);                    /* as it is now, at once */
void passage_send_after(struct passage *p, uint64_t ns); /* a copy, that long after it arrived */
void passage_hold(struct passage *p);                    /* a copy, at wire_release() */
/* A copy, when `n` more of this connection and sender have gone, at the latest after `ns`. */
void passage_send_behind(struct passage *p, unsigned n, uint64_t ns);

/*
 * Puts in a segment, `ns` from now, which looks as if `sender` had sent it. It is logged with the
 * fate `injected` as it leaves.
 */
void passage_inject(struct passage *p, struct segment *s, enum segment_role role, enum host sender,
        uint64_t ns);

/* To the host that sent the segment; `packet` is no TCP. */
void passage_answer(struct passage *p, const uint8_t *packet, size_t size);

/* From now on nothing passes, for `ns`, 0: for ever; with the carrier taken off too, or not. */
void passage_cut(struct passage *p, uint64_t ns, int carrier);

/* A segment without options for the connection's sender, with right checksums, in `packet`. */
#define PACKET_ROOM 2048
struct segment_form {
	enum host sender;
	unsigned flags;
	uint32_t seq, ack;
	uint16_t window;
	unsigned length; /* payload, at most 1400 */
};
void segment_build(uint8_t packet[PACKET_ROOM], const struct flow *c, const struct segment_form *f,
        struct segment *ret);

/* The ICMP error that the segment's receiver, or someone before it, would send. Returns its size.
 */
enum icmp_error { ICMP_PORT_UNREACHABLE, ICMP_TOO_BIG };
size_t icmp_build(
        uint8_t packet[PACKET_ROOM], const struct segment *s, enum icmp_error error, unsigned mtu);

#endif
