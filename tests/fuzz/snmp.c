/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as counters: refused, or names that can each be found again with a difference of 0. */
#include "observe/snmp.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void differs(void *arg, const char *name, int64_t difference)
{
	(void)arg;
	(void)name;
	(void)difference;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snmp *s = snmp_new();
	struct err err = {0};

	if (snmp_parse(s, (const char *)data, size, &err) < 0) {
		if (!*err.text || err.kind != ERR_LAB)
			abort();
	} else {
		const char *const *names;
		size_t n;
		int known;

		names = snmp_names(s, &n);
		for (size_t i = 0; i < n; i++) {
			snmp_get(s, names[i], &known);
			if (!known)
				abort();
		}
		snmp_differences(s, s, differs, NULL);
	}
	snmp_free(s);
	return 0;
}
