/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of a rule of the wire: which segments, how many of them, what happens to them. */
#include "yaml_rule.h"

#include <stdlib.h>
#include <string.h>

/* ---- which segments ---- */

static int read_from(struct reader *r, const yaml_node_t *n, void *into)
{
	return value_host(r, n, &((struct rule_read *)into)->rule.select.from);
}

static int read_connection(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	return value_unsigned(r, n, 1, 1000000, &rr->rule.select.connection);
}

static int read_port(struct reader *r, const yaml_node_t *n, void *into)
{
	return value_unsigned(r, n, 1, 65535, &((struct rule_read *)into)->rule.select.port);
}

static int read_bounds(struct reader *r, const yaml_node_t *n, struct bounds *b)
{
	struct range v;

	if (value_range(r, n, &v))
		return -1;
	*b = (struct bounds){1, v.lo, v.hi};
	return 0;
}

/* A duration alone is a beginning: `age: 2s` is from then on. */
static int read_time_bounds(struct reader *r, const yaml_node_t *n, struct bounds *b)
{
	struct range v;

	if (value_durations(r, n, &v))
		return -1;
	*b = (struct bounds){1, v.lo, v.kind == RANGE_TIMER ? INT64_MAX : v.hi};
	return 0;
}

static int read_ordinal(struct reader *r, const yaml_node_t *n, void *into)
{
	struct bounds *b = &((struct rule_read *)into)->rule.select.ordinal;

	if (read_bounds(r, n, b))
		return -1;
	return b->hi < 1 ? reader_fail(r, n, "ordinals begin with 1") : 0;
}

static int read_length(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->length_at = n;
	return read_bounds(r, n, &rr->rule.select.length);
}

static int read_seq(struct reader *r, const yaml_node_t *n, void *into)
{
	return read_bounds(r, n, &((struct rule_read *)into)->rule.select.seq);
}

static int read_age(struct reader *r, const yaml_node_t *n, void *into)
{
	return read_time_bounds(r, n, &((struct rule_read *)into)->rule.select.age_ns);
}

static int read_time(struct reader *r, const yaml_node_t *n, void *into)
{
	return read_time_bounds(r, n, &((struct rule_read *)into)->rule.select.time_ns);
}

static const char *const flag_names[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

/* "fin ack !psh": set and not set. `off` NULL: only flags that are set. */
static int read_flag_words(
        struct reader *r, const yaml_node_t *n, char *text, unsigned *on, unsigned *off)
{
	char *save;

	for (char *w = strtok_r(text, " |", &save); w; w = strtok_r(NULL, " |", &save)) {
		int not = off && *w == '!';
		size_t i = 0;

		while (i < LENGTH(flag_names) && strcasecmp(flag_names[i], w + not ))
			i++;
		if (i == LENGTH(flag_names))
			return reader_unknown(r, n, "flag", w + not, flag_names, i);
		*(not ? off : on) |= 1u << i;
	}
	return 0;
}

static int read_flag_set(struct reader *r, const yaml_node_t *n, unsigned *on, unsigned *off)
{
	const char *word =
	        node_word(r, n, off ? "flags like \"fin !psh\"" : "flags like \"fin ack\"");
	char *copy;
	int failed;

	if (!word)
		return -1;
	copy = must(strdup(word));
	failed = read_flag_words(r, n, copy, on, off);
	free(copy);
	return failed;
}

static int read_flags(struct reader *r, const yaml_node_t *n, void *into)
{
	struct segment_selector *s = &((struct rule_read *)into)->rule.select;

	if (read_flag_set(r, n, &s->flags_on, &s->flags_off))
		return -1;
	if (s->flags_on & s->flags_off)
		return reader_fail(r, n, "no segment has a flag and has it not: '%s'",
		        flag_names[__builtin_ctz(s->flags_on & s->flags_off)]);
	return 0;
}

static int read_state_pair(struct reader *r, const char *key, const yaml_node_t *at,
        const yaml_node_t *value, void *into)
{
	struct rule_read *rr = into;
	int h = actor_parse(key);
	const char *word;

	if (h != HOST_CLIENT && h != HOST_SERVER)
		return reader_unknown(r, at, "host", key, actor_names, HOST_SERVER + 1);
	word = node_word(r, value, "a state");
	return word ? value_state(r, value, word, &rr->rule.select.state[h]) : -1;
}

#define STATES "states like {client: FIN_WAIT_2}"

static int read_state(struct reader *r, const yaml_node_t *n, void *into)
{
	const enum tcp_state *st = ((struct rule_read *)into)->rule.select.state;

	if (node_pairs(r, n, STATES, read_state_pair, into))
		return -1;
	return st[0] || st[1] ? 0 : reader_fail(r, n, "expected " STATES ", not an empty map");
}

/* ---- how many of them ---- */

static int read_times(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->times_at = n;
	if (rr->in_total_at)
		return reader_fail(
		        r, n, "'in_total' says how many already, expected yes or no there");
	if (n->type == YAML_SCALAR_NODE && !strcmp((const char *)n->data.scalar.value, "all")) {
		rr->rule.times = 0;
		return 0;
	}
	return value_unsigned(r, n, 1, 1000000, &rr->rule.times);
}

static int read_skip(struct reader *r, const yaml_node_t *n, void *into)
{
	return value_unsigned(r, n, 0, 1000000, &((struct rule_read *)into)->rule.skip);
}

static int read_every(struct reader *r, const yaml_node_t *n, void *into)
{
	return value_unsigned(r, n, 1, 1000000, &((struct rule_read *)into)->rule.every);
}

static int read_probability(struct reader *r, const yaml_node_t *n, void *into)
{
	const char *word = node_word(r, n, "a probability like 0.1");
	double *p = &((struct rule_read *)into)->rule.probability;
	char w[QUOTED_TEXT], *end;

	if (!word)
		return -1;
	*p = strspn(word, "0123456789.") == strlen(word) ? strtod(word, &end) : -1;
	if (*p > 0 && *p <= 1 && !*end)
		return 0;
	return reader_fail(r, n, "expected a probability above 0, at most 1, not %s",
	        quoted(word, w, sizeof w));
}

/* `in_total: yes` changes what `times` counts; `in_total: 3` says both at once. */
static int read_in_total(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	if (n->type == YAML_SCALAR_NODE &&
	        strspn((const char *)n->data.scalar.value, "0123456789")) {
		if (rr->times_at)
			return reader_fail(
			        r, n, "'times' says how many already, expected yes or no");
		rr->rule.in_total = 1;
		rr->in_total_at = n;
		return value_unsigned(r, n, 1, 1000000, &rr->rule.times);
	}
	return value_bool(r, n, &rr->rule.in_total);
}

/* ---- parameters of the fault ---- */

static int read_by(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_BY] = n;
	return value_duration(r, n, &rr->rule.delay_ns);
}

static int read_jitter(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_JITTER] = n;
	return value_duration(r, n, &rr->rule.jitter_ns);
}

static int read_count(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_COUNT] = n;
	return value_unsigned(r, n, 1, 1000, &rr->rule.count);
}

/* "64kbit", "10mbit", as tc writes them. */
static int read_rate(struct reader *r, const yaml_node_t *n, void *into)
{
	static const struct {
		const char *name;
		uint64_t bits;
	} units[] = {{"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}};
	const char *word = node_word(r, n, "a rate like 10mbit");
	struct rule_read *rr = into;
	char w[QUOTED_TEXT];
	size_t digits;

	if (!word)
		return -1;
	rr->given[RULE_INDEX_RATE] = n;
	digits = strspn(word, "0123456789");
	for (size_t i = 0; digits && digits < 10 && i < LENGTH(units); i++)
		if (!strcasecmp(word + digits, units[i].name))
			rr->rule.rate = strtoull(word, NULL, 10) * units[i].bits;
	if (rr->rule.rate)
		return 0;
	return reader_fail(
	        r, n, "expected a rate like 64kbit or 10mbit, not %s", quoted(word, w, sizeof w));
}

static int read_bytes(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_BYTES] = n;
	return value_unsigned(r, n, 0, 65535, &rr->rule.bytes);
}

static int read_signed(
        struct reader *r, const yaml_node_t *n, const char *expected, int64_t most, int32_t *ret)
{
	const char *word = node_word(r, n, expected);
	char w[QUOTED_TEXT], *end;
	int64_t v;

	if (!word)
		return -1;
	v = strtoll(word, &end, 10);
	if (!*word || *end || v < -most || v > most || strspn(word, "+-0123456789") != strlen(word))
		return reader_fail(
		        r, n, "expected %s, not %s", expected, quoted(word, w, sizeof w));
	*ret = (int32_t)v;
	return 0;
}

static int read_offset(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_OFFSET] = n;
	return read_signed(r, n, "a number of bytes, -1 is before", INT32_MAX, &rr->rule.offset);
}

static int read_back(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_BACK] = n;
	return value_bool(r, n, &rr->rule.back);
}

static int read_segment(struct reader *r, const yaml_node_t *n, void *into)
{
	static const char *const valid[] = {"syn", "data", "fin", "rst", "ack"};
	const char *word = node_word(r, n, "syn, data, fin, rst or ack");
	struct rule_read *rr = into;

	if (!word)
		return -1;
	rr->given[RULE_INDEX_SEGMENT] = n;
	for (size_t i = 0; i < LENGTH(valid); i++)
		if (!strcmp(valid[i], word)) {
			rr->rule.inject = (enum segment_role)segment_role_parse(word);
			return 0;
		}
	return reader_unknown(r, n, "segment", word, valid, LENGTH(valid));
}

static int read_field16(struct reader *r, const yaml_node_t *n, uint16_t *ret)
{
	unsigned v;

	if (value_unsigned(r, n, 0, UINT16_MAX, &v))
		return -1;
	*ret = (uint16_t)v;
	return 0;
}

static int read_set_window(struct reader *r, const yaml_node_t *n, void *into)
{
	struct segment_change *c = into;

	c->what |= CHANGE_WINDOW;
	return read_field16(r, n, &c->window);
}

static int read_set_mss(struct reader *r, const yaml_node_t *n, void *into)
{
	struct segment_change *c = into;

	c->what |= CHANGE_MSS;
	return read_field16(r, n, &c->mss);
}

static int read_set_flags(struct reader *r, const yaml_node_t *n, void *into)
{
	struct segment_change *c = into;

	c->what |= CHANGE_FLAGS;
	return read_flag_set(r, n, &c->flags, NULL);
}

static int read_set_timestamp(struct reader *r, const yaml_node_t *n, void *into)
{
	struct segment_change *c = into;

	if (n->type == YAML_SCALAR_NODE && !strcmp((const char *)n->data.scalar.value, "off")) {
		c->what |= CHANGE_NO_TIMESTAMP;
		return 0;
	}
	c->what |= CHANGE_TIMESTAMP;
	return read_signed(r, n, "off, or what is added to it: -1000", INT32_MAX, &c->timestamp);
}

const struct field change_fields[] = {
        {"window", "N", "the window, unscaled", read_set_window},
        {"mss", "N", "the maximum segment size, where the segment says one", read_set_mss},
        {"flags", "flags", "the flags, all of them: \"fin ack\"", read_set_flags},
        {"timestamp", "N or off", "is added to the timestamp; off: there is none",
                read_set_timestamp},
};
const size_t change_fields_n = LENGTH(change_fields);

static int read_set(struct reader *r, const yaml_node_t *n, void *into)
{
	const struct field_map m = {
	        .what = "fields to set", .fields = change_fields, .n = LENGTH(change_fields)};
	struct rule_read *rr = into;

	rr->given[RULE_INDEX_SET] = n;
	if (node_map(r, n, &m, &rr->rule.set))
		return -1;
	return rr->rule.set.what ? 0 : reader_fail(r, n, "expected fields like {window: 0}");
}

static int read_name(struct reader *r, const yaml_node_t *n, void *into)
{
	struct rule_read *rr = into;

	rr->name_at = n;
	if (value_text(r, n, "a name", &rr->rule.name))
		return -1;
	if (!strcmp(rr->rule.name, "all"))
		return reader_fail(r, n, "'all' stands for all rules, expected another name");
	return 0;
}

const struct field rule_fields[] = {
        {"from", "client or server", "only segments that this host sent; default: both", read_from},
        {"times", "N or all", "how many it hits, of each connection; default: all", read_times},
        {"skip", "N", "how many it lets pass first, of each connection; default: 0", read_skip},
        {"every", "N", "then it hits one of so many, the first of them; default: 1", read_every},
        {"probability", "a number", "hits with this chance, which the seed repeats; default: 1",
                read_probability},
        {"in_total", "yes, no or N", "count over all connections together; N: so many in total",
                read_in_total},
        {"ordinal", "N or a range", "only these among those of their role, sender and connection",
                read_ordinal},
        {"connection", "N", "only of this connection on the wire, from 1", read_connection},
        {"port", "N", "only where either end has this port", read_port},
        {"flags", "flags", "only with these flags: \"fin !psh\"", read_flags},
        {"length", "N or a range", "only with so many bytes of payload", read_length},
        {"seq", "N or a range", "only from this sequence number, the sender's SYN being 0",
                read_seq},
        {"state", "{HOST: STATE}", "only while the ends are in these states", read_state},
        {"age", "a duration or a range", "only so long after the connection's first segment",
                read_age},
        {"time", "a duration or a range", "only so long after the wire began", read_time},
        {"by", "a duration", "how long it delays, or lasts; reorder: at most", read_by},
        {"jitter", "a duration", "up to so much longer, which the seed repeats", read_jitter},
        {"count", "N", "duplicate: further copies; reorder: segments that go first; default: 1",
                read_count},
        {"rate", "a rate", "limit: 64kbit, 10mbit", read_rate},
        {"bytes", "N", "of payload: truncate, inject (default: 0); too_big: the MTU", read_bytes},
        {"set", "a map", "rewrite: what to change, see below", read_set},
        {"segment", "syn, data, fin, rst or ack", "inject: what is put in", read_segment},
        {"offset", "N", "inject: bytes from the sequence number that would fit; default: 0",
                read_offset},
        {"back", "yes or no", "inject: to the host that sent the selected segment; default: no",
                read_back},
        {"name", "a word", "by which a step removes the rule", read_name},
};
const size_t rule_fields_n = LENGTH(rule_fields);
