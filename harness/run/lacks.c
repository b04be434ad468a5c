/* SPDX-License-Identifier: BSD-2-Clause */
#include "lacks.h"

#include "model/nft_rule.h"
#include "netns/nft_rules.h"
#include "observe/capability_probe.h"

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

static int lacks_kernel(const struct scenario *s, struct err *why)
{
	char text[KERNEL_TEXT];
	struct utsname u = {0};

	uname(&u);
	if (kernel_guard_holds(&s->kernel, u.release))
		return 0;
	err_set(why, ERR_MISSING, "needs kernel %s, this one is %s",
	        kernel_guard_format(&s->kernel, text, sizeof text), u.release);
	return 1;
}

int lacks(const struct scenario *s, struct err *why)
{
	if (lacks_kernel(s, why))
		return 1;
	if (lacks_wire(s, why))
		return 1;
	if (scenario_tracks(s) && (lacks_one("nft", why) || lacks_one("conntrack", why)))
		return 1;
	array_each (char *, name, &s->needs)
		if (lacks_one(*name, why))
			return 1;
	return 0;
}
