#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each file says its licence and its purpose first; each make target and each command is documented.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/tap.sh

none() { # what, the offenders
	[ -z "$2" ]
	tap "$1${2:+: $2}" $?
}

code() {
	find Makefile harness netns peers servers clients tests tools docs/man -type f \
		\( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.1' -o -name Makefile \
		-o -path 'tools/*' \)
}

licence='BSD-2-Clause'
none "a licence in the first two lines" "$(for f in $(code); do
	head -2 "$f" | grep -q "SPDX-License-Identifier: .*$licence" || echo "$f"
done | xargs)"
none "the BPF programs are for the kernel too" "$(for f in harness/observe/bpf/*.bpf.c; do
	grep -q 'Dual BSD/GPL' "$f" || echo "$f"
done | xargs)"
none "targets that make help leaves out" "$(comm -23 \
	<(sed -n 's/^\.PHONY: //p' Makefile | tr ' ' '\n' | sort) \
	<({ make -s help | cut -d' ' -f1; printf '%s\n' check-asan deps fuzzers; } | sort) | xargs)"
none "commands that the manual leaves out" "$(sed -n 's/^COMMAND(\(.*\))/\1/p' harness/cmd/commands.def |
	while read -r c; do grep -q "^\.B.* $c" docs/man/lastack.1 || echo "$c"; done | xargs)"
tap_end
