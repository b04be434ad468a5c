/* SPDX-License-Identifier: BSD-2-Clause */
#include "lacks.h"

#include "core/words.h"
#include "model/nft_rule.h"
#include "netns/nft_rules.h"
#include "observe/capability_probe.h"
#include "observe/snmp.h"

#include <string.h>
#include <sys/utsname.h>

static int lacks_one(const char *name, struct err *why)
{
	if (capability_have(name, why))
		return 0;
	err_prefix(why, "needs %s", name);
	return 1;
}

/* A scenario that was forced onto a veth may have rules for which there is only the wire. */
static int lacks_wire(const struct scenario *s, struct err *why)
{
	if (scenario_link(s) != LINK_VETH ||
	        !(nft_rules_concern(s, HOST_CLIENT) || nft_rules_concern(s, HOST_SERVER)))
		return 0;
	array_each (struct wire_rule, w, &s->rules) {
		const char *fault = nft_rule_fault(s, w);

		if (!fault)
			continue;
		err_set(why, ERR_MISSING, "needs link: wire for '%s': nft cannot do it: %s",
		        w->text, fault);
		return 1;
	}
	return lacks_one("nft", why);
}

static int is_kernel(const struct kernel_guard *g)
{
	struct utsname u = {0};

	uname(&u);
	return kernel_guard_holds(g, u.release);
}

static int lacks_kernel(const struct scenario *s, struct err *why)
{
	char text[KERNEL_TEXT];
	struct utsname u = {0};

	if (is_kernel(&s->kernel))
		return 0;
	uname(&u);
	err_set(why, ERR_MISSING, "needs kernel %s, this one is %s",
	        kernel_guard_format(&s->kernel, text, sizeof text), u.release);
	return 1;
}

/*
 * A counter that is not there would count as 0. Whether it is a mistake or one of another kernel,
 * nobody can tell: nothing is known of what is expected of it.
 */
static int lacks_counter(const struct scenario *s, const struct expectation *x,
        const struct snmp *counters, struct err *why)
{
	const char *const *names, *near;
	size_t n;

	if (strcmp(x->kind, "counter") || snmp_knows(counters, x->key))
		return 0;
	names = snmp_names(counters, &n);
	near = words_nearest(x->key, names, n);
	err_set(why, ERR_MISSING,
	        "%s:%u:%u: needs the counter %s, which this kernel does not have%s%s%s", s->path,
	        x->at.line, x->at.column, x->key, near ? "; did you mean '" : "", near ? near : "",
	        near ? "'?" : "");
	return 1;
}

static int lacks_counter_of(const struct scenario *s, const struct step *st,
        const struct snmp *counters, struct err *why)
{
	if (!is_kernel(&st->kernel))
		return 0; /* nothing is expected here */
	array_each (struct expectation, x, &st->expectations)
		if (lacks_counter(s, x, counters, why))
			return 1;
	return 0;
}

static int expects_counters(const struct scenario *s)
{
	array_each (struct step, st, &s->steps)
		array_each (struct expectation, x, &st->expectations)
			if (!strcmp(x->kind, "counter"))
				return 1;
	return 0;
}

/* By the list of the machine's own namespace: the names are the same in all of them. */
static int lacks_counters(const struct scenario *s, struct err *why)
{
	struct snmp *counters;
	int lacking = 0;

	if (!expects_counters(s))
		return 0;
	counters = snmp_read(why);
	if (!counters)
		return 1;
	for (size_t i = 0; i < s->steps.n && !lacking; i++)
		lacking = lacks_counter_of(s, &s->steps.v[i], counters, why);
	snmp_free(counters);
	return lacking;
}

int lacks(const struct scenario *s, struct err *why)
{
	if (lacks_kernel(s, why))
		return 1;
	if (lacks_wire(s, why) || lacks_counters(s, why))
		return 1;
	if (scenario_tracks(s) && (lacks_one("nft", why) || lacks_one("conntrack", why)))
		return 1;
	array_each (char *, name, &s->needs)
		if (lacks_one(*name, why))
			return 1;
	return 0;
}
